//! Names of people whom nobody knows: put together from common ones, the same for the same number.

const FAMILY: [&str; 48] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
    "何", "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹",
    "袁", "邓", "许", "傅", "沈", "曾", "彭", "吕", "苏", "卢", "蒋", "蔡", "贾", "丁", "魏", "陆",
];
const FIRST: [&str; 32] = [
    "建", "志", "国", "海", "文", "晓", "明", "春", "秀", "玉", "丽", "美", "金", "永", "小", "红",
    "雪", "立", "伟", "俊", "爱", "桂", "凤", "云", "兴", "德", "新", "荣", "佳", "慧", "洪", "利",
];
const SECOND: [&str; 32] = [
    "华", "英", "芳", "平", "明", "强", "军", "霞", "兰", "梅", "珍", "峰", "林", "生", "根", "娟",
    "琴", "良", "康", "宁", "成", "祥", "宝", "伟", "青", "敏", "燕", "龙", "辉", "忠", "洁", "萍",
];

/// The name of a number.
pub fn of(n: usize) -> String {
    // Neighbours are not namesakes: each part goes at a step of its own.
    let family = FAMILY[n % FAMILY.len()];
    let first = FIRST[(n / FAMILY.len() + n * 7) % FIRST.len()];
    let second = SECOND[(n / (FAMILY.len() * FIRST.len()) + n * 13) % SECOND.len()];
    format!("{family}{first}{second}")
}
