//! The walks of the READMEs, run as they stand against a fresh demo: what they show is what one sees.
//!
//! Between `<!-- walk -->` and `<!-- /walk -->` every line that begins with `$ ` in a `console` block is
//! typed into one shell, and what follows it is its answer. Ids, times and codes differ from run to run and
//! are not compared. `QIANSHOU_UPDATE_SNAPSHOTS=1` writes the answers of this run into the files.

use super::commands::demo_with_year;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What every walk must come to see.
const SIGNS: &[&str] = &[
    "401 \"code\":\"code_not_valid\"",
    "\"push_state\":\"live\"",
    "\"code\":\"consent_required\"",
    "\"pointer\":\"/document/number\"",
    "\"name\":\"王*\"",
    "\"number\":\"330499198506150126\"",
    "\"action\":\"resident.reveal\"",
    "\"state\":\"returned\"",
    "\"kind\":\"visit_returned\"",
    "\"state\":\"confirmed\"",
    "409 \"code\":\"state_forbids\"",
    "\"state\":\"paid\"",
    "403 \"detail\"",
    "\"kind\":\"campaign_reminder\"",
    "\"accepted\":1,\"displayed\":1,\"opened\":1",
    "404 \"code\":\"not_found\"",
];

/// A command as typed, and the lines that follow it.
struct Step {
    typed: String,
    answer: Vec<String>,
}

enum Piece {
    Text(String),
    Step(Step),
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The file in pieces, in order.
fn pieces(text: &str) -> Vec<Piece> {
    let (mut out, mut walking, mut typing) = (Vec::new(), false, false);
    for line in text.lines() {
        walking = (walking || line.contains("<!-- walk -->")) && !line.contains("<!-- /walk -->");
        if walking && line.starts_with("```") {
            typing = line == "```console";
            out.push(Piece::Text(line.into()));
            continue;
        }
        match (walking && typing, line.strip_prefix("$ "), out.last_mut()) {
            (true, Some(typed), _) => out.push(Piece::Step(Step {
                typed: typed.into(),
                answer: Vec::new(),
            })),
            (true, None, Some(Piece::Step(step))) => step.answer.push(line.into()),
            _ => out.push(Piece::Text(line.into())),
        }
    }
    out
}

/// What differs from run to run, made equal.
fn without_chance(line: &str) -> String {
    let mut out = String::new();
    for part in line.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && !"-:._".contains(c)) {
        let word = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let digits = word.chars().filter(char::is_ascii_digit).count();
        // An id, an instant, a token, a one-use code: long and with digits in it, or of capitals alone.
        let long = word.len() >= 20 && digits > 0;
        let instant = word.len() >= 10 && word.contains('T') && word.ends_with('Z');
        let code = word.len() == 12
            && word
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-');
        if long || instant || code {
            out.push('…');
            out.push_str(&part[word.len()..]);
        } else {
            out.push_str(part);
        }
    }
    out
}

/// Types all commands into one shell and answers what each printed.
fn run(steps: &[&Step], replacements: &[(&str, String)]) -> Vec<Vec<String>> {
    const MARK: &str = "\u{1}next\u{1}";
    let mut script = String::new();
    for step in steps {
        let mut typed = step.typed.clone();
        for (shown, real) in replacements {
            typed = typed.replace(shown, real);
        }
        script.push_str(&format!("{typed}\nprintf '\\n{MARK}'\n"));
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("walk");
    std::fs::write(&path, script).unwrap();
    let output = Command::new("bash")
        .arg(&path)
        .current_dir(dir.path())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.trim().is_empty(), "the walk complains: {errors}");
    let mut text = String::from_utf8(output.stdout).unwrap();
    for (shown, real) in replacements {
        text = text.replace(real.as_str(), shown);
    }
    let mut answers: Vec<Vec<String>> = text
        .split(MARK)
        .map(|part| part.trim_matches('\n').lines().map(str::to_owned).collect())
        .collect();
    answers.truncate(steps.len());
    answers
}

fn walk(name: &str) {
    let text = std::fs::read_to_string(file(name)).unwrap();
    let mut pieces = pieces(&text);
    let steps: Vec<&Step> = pieces
        .iter()
        .filter_map(|p| match p {
            Piece::Step(step) => Some(step),
            Piece::Text(_) => None,
        })
        .collect();
    assert!(steps.len() > 20, "{name} walks through a day");
    let dir = tempfile::tempdir().unwrap();
    let demo = demo_with_year(dir.path(), &["--bind", "127.0.0.1:0"]);
    let replacements = [
        ("http://127.0.0.1:8080", demo.api.clone()),
        ("http://127.0.0.1:8090", demo.gateway.clone()),
    ];
    let answers = run(&steps, &replacements);
    assert_eq!(answers.len(), steps.len(), "{name}: the shell ended early");
    // Whatever the file says, the day came to this.
    let day = answers.concat().join("\n");
    for sign in SIGNS {
        assert!(day.contains(sign), "{name}: nothing shows {sign}: {day}");
    }
    if std::env::var("QIANSHOU_UPDATE_SNAPSHOTS").is_ok() {
        let mut found = answers.into_iter();
        for piece in &mut pieces {
            if let Piece::Step(step) = piece {
                step.answer = found.next().unwrap();
            }
        }
        std::fs::write(file(name), written(&pieces)).unwrap();
        return;
    }
    for (step, found) in steps.iter().zip(answers) {
        let equal = |lines: &[String]| lines.iter().map(|l| without_chance(l)).collect::<Vec<_>>();
        assert_eq!(
            equal(&step.answer),
            equal(&found),
            "{name}: $ {}",
            step.typed
        );
    }
}

fn written(pieces: &[Piece]) -> String {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(line) => out.push_str(&format!("{line}\n")),
            Piece::Step(step) => {
                out.push_str(&format!("$ {}\n", step.typed));
                step.answer
                    .iter()
                    .for_each(|line| out.push_str(&format!("{line}\n")));
            }
        }
    }
    out
}

#[test]
fn the_walk_of_readme_is_real() {
    walk("README.md");
}

#[test]
fn the_walk_of_the_chinese_readme_is_real() {
    walk("README.zh-CN.md");
}

#[test]
fn chance_is_recognised_and_nothing_else() {
    assert_eq!(
        without_chance(r#""id":"019a8c5e-7c00-7000-8000-5a1f0c3e9b11","state":"draft""#),
        r#""id":"…","state":"draft""#
    );
    assert_eq!(
        without_chance(r#""created_at":"2026-11-25T01:07:51Z" 201"#),
        r#""created_at":"…" 201"#
    );
    assert_eq!(
        without_chance(r#""phone":"138****5678","amount":"20000.00""#),
        r#""phone":"138****5678","amount":"20000.00""#
    );
}
