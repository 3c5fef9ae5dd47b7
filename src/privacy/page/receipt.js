/* The page of a person's own receipt. Old browsers read it: ES5, no library. Nothing is kept on the phone: the code
   lives in this page's memory until it is closed. Every text goes in as text, never as markup. */
(function () {
  'use strict';

  var zh = document.documentElement.lang.slice(0, 2) === 'zh';
  var code = '';
  var record = null;
  var main = document.getElementById('main');
  var notice = document.getElementById('notice');

  var TEXTS = {
    title: ['我的记录', 'My record'],
    other: ['English', '中文'],
    enter: ['请输入回执上的编码', 'Type the code on your receipt'],
    enterHint: ['编码印在二维码下面，共 28 位，横线可以不输。', 'It is printed under the square picture: 28 letters and digits. You may leave out the hyphens.'],
    open: ['查看我的记录', 'Show my record'],
    wait: ['请稍候……', 'One moment…'],
    badCode: ['这个编码打不开记录：可能输错了、过期了或已经作废。请核对，或请社区工作人员重新给您一个。',
      'This code opens nothing: it may be mistyped, too old or ended. Check it, or ask your worker for a new one.'],
    often: ['尝试次数太多，请过一会儿再试。', 'Too many tries. Wait a little, then try again.'],
    offline: ['没有连上，请检查网络后再试。', 'No connection. Check your network and try again.'],
    failed: ['没有办成，请稍后再试。', 'That did not work. Try again later.'],
    intro: ['这里是我们保存的关于您的信息，以及谁看过。您可以随时撤回同意，也可以要求更正、给您一份或删除。',
      'This is what we hold about you, and who looked at it. You may withdraw a consent at any time, and ask us to correct, hand over or erase.'],
    restricted: ['您已撤回登记：您的信息不再使用，只等删除。', 'You withdrew your registration: your data is no longer used and waits to be erased.'],
    print: ['打印', 'Print'],
    save: ['存为文件', 'Save as a file'],
    close: ['关闭', 'Close'],
    closed: ['已关闭。', 'Closed.'],
    asOf: ['生成时间', 'As of'],
    me: ['我的信息', 'About me'],
    name: ['姓名', 'Name'],
    sex: ['性别', 'Sex'],
    birth: ['出生年份', 'Year of birth'],
    phone: ['电话', 'Phone'],
    document: ['证件', 'Identity document'],
    documentHint: ['号码只显示一部分，以防别人看到。', 'Only part of the number is shown, in case somebody else sees this.'],
    area: ['居住地区', 'Area'],
    address: ['地址', 'Address'],
    language: ['语言', 'Language'],
    hours: ['方便联系的时间', 'Best time to call'],
    since: ['登记时间', 'Registered'],
    employer: ['工作单位', 'Employer'],
    arrived: ['到达日期', 'Arrived'],
    stay: ['打算住多久', 'Expected stay'],
    reason: ['来的原因', 'Reason'],
    homeArea: ['户籍地', 'Home area'],
    needs: ['希望得到的服务', 'Services wished for'],
    household: ['我的家庭', 'My household'],
    people: ['登记的家人数', 'People noted in it'],
    kind: ['类型', 'Kind'],
    stays: ['居住经历', 'Where I stayed'],
    now: ['现在', 'now'],
    consents: ['我的同意', 'What I agreed to'],
    given: ['同意于', 'Given'],
    withdrawn: ['已撤回', 'Withdrawn'],
    withdraw: ['撤回同意', 'Withdraw'],
    sure: ['确定撤回吗？', 'Withdraw it?'],
    sureRegistration: ['撤回登记后，您的信息不再使用，删除随即开始。确定吗？', 'Without registration your data is no longer used and erasing begins. Are you sure?'],
    yes: ['确定撤回', 'Yes, withdraw'],
    no: ['不撤回', 'No, keep it'],
    withdrawnNow: ['已撤回，马上生效。', 'Withdrawn. It holds from now on.'],
    more: ['可以同意的其他用途', 'Other things you may agree to'],
    agree: ['我同意', 'I agree'],
    agreeGuardian: ['我是监护人，我同意', 'I am the guardian and agree'],
    guardianOnly: ['未满十四周岁的人，由监护人决定。', 'For somebody under fourteen a guardian decides.'],
    agreed: ['已记录您的同意。随时可以撤回。', 'Noted. You may withdraw it at any time.'],
    looks: ['谁看过或改过', 'Who looked or changed something'],
    looksHint: ['只写身份和单位，不写姓名。', 'Role and unit, no names.'],
    visits: ['走访', 'Visits'],
    services: ['服务', 'Services'],
    liaison: ['告诉其他地区的内容', 'What other areas were told'],
    told: ['告诉的内容', 'Told'],
    saidNo: ['未同意', 'I said no'],
    policies: ['保险', 'Insurance'],
    policiesHint: ['险种名称请当面问您的社区工作人员；还缺什么材料，见“查看理赔进展”。', 'Ask your worker in person which cover it is. Which papers are missing, "Follow my claims" tells.'],
    claim: ['理赔', 'Claim'],
    claims: ['查看理赔进展', 'Follow my claims'],
    rights: ['权益维护', 'Rights we help you with'],
    answer: ['答复', 'Answer'],
    requests: ['我的请求', 'What I asked for'],
    due: ['最迟答复', 'Answer due'],
    answered: ['答复于', 'Answered'],
    ask: ['提出请求', 'Ask something'],
    askKind: ['您想要什么？', 'What do you ask?'],
    askFields: ['哪里不对？', 'What is wrong?'],
    askTold: ['想说的话（可不填）', 'Anything else (optional)'],
    askHint: ['请不要写健康、生育等私事。', 'Please write nothing about health or family planning.'],
    send: ['提交', 'Send'],
    sent: ['已收到，最迟答复日期见下。', 'Received. The date of the answer is below.'],
    fields: ['请至少选一项。', 'Choose at least one.'],
    twice: ['这个请求已经在办了。', 'You asked this already; it is being dealt with.'],
    memberships: ['会员', 'Membership'],
    backbone: ['骨干会员', 'Backbone member since'],
    card: ['会员证', 'Member card'],
    posts: ['协会职务', 'Posts in associations'],
    allowance: ['每月补贴', 'Allowance a month'],
    care: ['帮扶', 'Care'],
    contacts: ['联系人数', 'Contacts'],
    aService: ['服务', 'a service'],
    familyDoctor: ['家庭医生', 'Family doctor since'],
    greenChannel: ['就医绿色通道', 'Green channel since'],
    receipts: ['我的回执', 'My receipts'],
    issued: ['发出', 'Made'],
    expires: ['有效到', 'Good until'],
    revoked: ['已作废', 'Ended'],
    thisOne: ['正在使用的这一张', 'the one you are using'],
    end: ['作废这张回执', 'End this receipt'],
    sureEnd: ['作废后，这个编码再也打不开您的记录。确定吗？', 'Its code will open your record no more. Are you sure?'],
    yesEnd: ['确定作废', 'Yes, end it'],
    noEnd: ['不作废', 'No, keep it'],
    ended: ['已作废。', 'Ended.'],
    lastUsed: ['上次使用', 'Last used'],
    nothing: ['没有', 'Nothing']
  };

  var WORDS = {
    male: ['男', 'male'], female: ['女', 'female'], unknown: ['不清楚', 'unknown'], unspecified: ['未说明', 'unspecified'],
    registration: ['登记', 'Registration'], service_follow_up: ['服务和回访', 'Services and follow-up'],
    liaison_with_home_area: ['与户籍地联系', 'Contact with the home area'], insurance: ['保险', 'Insurance'],
    sensitive_documents: ['保存敏感材料', 'Sensitive papers'], care_support: ['关怀帮扶', 'Care and support'],
    membership: ['会员', 'Membership'], photos: ['照片', 'Photos'],
    in_person: ['当面', 'in person'], phone: ['电话', 'phone'], app: ['手机应用', 'app'], receipt: ['本人用回执', 'by your receipt'],
    resident_id: ['居民身份证', 'Resident identity card'], hk_mo_tw_residence_permit: ['港澳台居民居住证', 'Residence permit (HK, Macao, Taiwan)'],
    foreign_permanent_resident_old: ['外国人永久居留证', 'Permanent resident card'], foreign_permanent_resident_new: ['外国人永久居留证', 'Permanent resident card'],
    hk_mo_travel_permit: ['港澳居民通行证', 'Travel permit (HK, Macao)'], taiwan_travel_permit: ['台湾居民通行证', 'Travel permit (Taiwan)'], passport: ['护照', 'Passport'],
    work: ['务工', 'work'], study: ['上学', 'study'], family: ['家庭', 'family'], business: ['经商', 'business'], other: ['其他', 'other'],
    under_one_month: ['不到一个月', 'under a month'], one_to_six_months: ['一到六个月', 'one to six months'],
    six_to_twelve_months: ['半年到一年', 'six to twelve months'], over_one_year: ['一年以上', 'over a year'],
    health_record: ['健康档案', 'health record'], health_education: ['健康教育', 'health education'], child_vaccination: ['儿童接种', 'vaccination of children'],
    infectious_disease_prevention: ['传染病防治', 'prevention of infections'], health_advice: ['健康咨询', 'health advice'],
    health: ['健康服务', 'health service'], offered: ['已提供', 'offered'], declined: ['未接受', 'declined'], delivered: ['已完成', 'delivered'],
    health_facility: ['医疗机构', 'health facility'], school: ['学校', 'school'], employment_service: ['就业服务机构', 'employment service'],
    legal_aid_centre: ['法律援助中心', 'legal aid centre'], insurer: ['保险公司', 'insurer'], cultural_centre: ['文化中心', 'cultural centre'],
    public_office: ['政府部门', 'public office'], social_organisation: ['社会组织', 'social organisation'],
    schooling: ['上学', 'schooling'], employment: ['就业', 'employment'], legal_aid: ['法律援助', 'legal aid'],
    insurance_guidance: ['保险指导', 'insurance guidance'], culture_and_sport: ['文体活动', 'culture and sport'],
    local: ['本地家庭', 'local'], migrant: ['外来家庭', 'from elsewhere'],
    routine: ['日常走访', 'routine visit'], service_offer: ['提供服务', 'offer of services'], publicity: ['宣传', 'publicity'],
    activity_support: ['活动支持', 'support of an activity'], follow_up: ['回访', 'follow-up'], festival_greeting: ['节日慰问', 'festival greeting'],
    death: ['身故', 'death'], disability: ['伤残', 'disability'], medical: ['医疗', 'medical'], allowance: ['津贴', 'allowance'],
    reported: ['已报案', 'reported'], accepted: ['已受理', 'accepted'], documents_requested: ['补充材料', 'papers asked for'],
    under_review: ['核定中', 'under review'], investigation: ['调查中', 'investigation'], approved: ['同意赔付', 'approved'],
    partly_approved: ['部分赔付', 'partly approved'], agreed: ['已达成协议', 'agreed'], paid: ['已付款', 'paid'], closed: ['已结案', 'closed'],
    withdrawn: ['已撤回', 'withdrawn'], disputed: ['有争议', 'disputed'],
    access: ['查看', 'See what is held'], 'export': ['给我一份', 'Give me a copy'], correction: ['更正', 'Correct it'],
    erasure: ['删除', 'Erase it'], restriction: ['停止使用', 'Stop using it'],
    asked: ['已收到', 'received'], done: ['已办', 'done'], refused: ['未同意', 'refused'], referred: ['已转办', 'passed on'], answered: ['已答复', 'answered'],
    not_identified: ['未能确认身份', 'we could not tell who asked'], law_requires_keeping: ['法律要求保存', 'the law asks us to keep it'],
    not_held: ['我们没有这些信息', 'we do not hold it'], rights_of_others: ['涉及他人权益', 'rights of others'], asked_before: ['之前已答复', 'answered before'],
    name: ['姓名', 'name'], sex: ['性别', 'sex'], birth_year: ['出生年份', 'year of birth'], document: ['证件', 'document'], address: ['地址', 'address'],
    area: ['居住地区', 'area'], household: ['家庭', 'household'], home_area: ['户籍地', 'home area'], arrived_on: ['到达日期', 'day of arrival'],
    employer: ['工作单位', 'employer'], needs: ['希望的服务', 'services wished for'], language: ['语言', 'language'], contact_hours: ['联系时间', 'time to call'],
    wages: ['工资', 'wages'], housing: ['住房', 'housing'], health_service_access: ['看病就医', 'access to health services'], discrimination: ['歧视', 'discrimination'],
    field_member: ['会员工作者', 'field member'], coordinator: ['协调员', 'coordinator'], campaign_organiser: ['活动组织者', 'campaign organiser'],
    officer: ['协会干部', 'officer'], care_officer: ['关怀专员', 'care officer'], administrator: ['管理员', 'administrator'], auditor: ['审计员', 'auditor'], service: ['系统', 'the program itself'],
    home_visit: ['上门走访', 'home visit'], service_delivery: ['提供服务', 'service delivery'], claim_help: ['帮助理赔', 'help with a claim'], at_persons_request: ['应本人要求', 'at your request'],
    full: ['完整内容', 'in full'], masked: ['部分隐藏', 'masked'],
    registration_notice: ['登记通报', 'registration notice'], acknowledgement: ['签收', 'acknowledgement'], service_referral: ['服务转介', 'referral to services'],
    information_request: ['信息协查', 'request for information'], insurance_continuation: ['保险接续', 'insurance goes on'], departure_notice: ['离开通报', 'departure'],
    arrival_back_notice: ['返乡通报', 'arrival back'], residence_transfer: ['居住地转接', 'handover of the residence'],
    sent: ['已发出', 'sent'], received: ['已收到', 'received'], expired: ['过期', 'expired'], consent_withdrawn: ['您已撤回，内容已销毁', 'you withdrew; it was destroyed'],
    document_masked: ['证件（部分）', 'part of the document number'], present_area: ['居住地区', 'area'], expected_stay: ['打算住多久', 'expected stay'],
    stay_reason: ['来的原因', 'reason of the stay'], left_on: ['离开日期', 'day of leaving'], left_reason: ['离开原因', 'reason of leaving'],
    insured_until: ['保险期至', 'insured until'],
    president: ['会长', 'president'], executive_vice_president: ['常务副会长', 'executive vice-president'], vice_president: ['副会长', 'vice-president'],
    secretary_general: ['秘书长', 'secretary-general'], own_wish: ['本人要求', 'own wish'], in_care: ['帮扶中', 'in care'], no_longer_entitled: ['不再符合条件', 'no longer entitled'],
    money: ['慰问金', 'money'], goods: ['物品', 'goods'], ended: ['已结束', 'ended'], moved_away: ['迁出', 'moved away'],
    other_association: ['转到其他协会', 'another association'], association_dissolved: ['协会注销', 'the association is no more'],
    resigned: ['辞任', 'resigned'], retired: ['退休', 'retired'], transferred: ['调离', 'transferred'], term_over: ['任期届满', 'term over'], re_elected: ['连任', 'elected anew'],
    leading_group_deputy_head: ['领导小组副组长', 'deputy head of the leading group'], leading_group_member: ['领导小组成员', 'member of the leading group'],
    party_principal: ['党委主要负责人', 'principal of the party committee'], government_principal: ['政府主要负责人', 'principal of the government'],
    family_planning_office_director: ['计生办主任', 'director of the office'], branch_secretary: ['支部书记', 'branch secretary'], village_director: ['村（居）主任', 'village director'],
    family_planning_specialist: ['计生专干', 'specialist'], enterprise_principal: ['企业负责人', 'principal of the enterprise'], market_principal: ['市场负责人', 'principal of the market'],
    association_work: ['协会工作', 'work of the association'], card_print: ['打印会员证', 'printed the card'],
    'member.reveal': ['查看隐藏内容', 'saw hidden fields'], 'member.write': ['修改会员信息', 'changed the membership'], 'post.reveal': ['查看隐藏内容', 'saw hidden fields'],
    'liaison.send': ['发给其他地区', 'told another area'], 'liaison.reveal': ['查看发给其他地区的内容', 'saw what another area was told'],
    'resident.register': ['登记', 'registered you'], 'resident.amend': ['修改', 'changed your record'], 'resident.reveal': ['查看隐藏内容', 'saw hidden fields'],
    'resident.assign': ['安排负责人', 'changed who looks after you'], 'residence.write': ['记录居住变动', 'noted where you live'],
    'household.write': ['修改家庭信息', 'changed the household'], 'household.reveal': ['查看隐藏内容', 'saw hidden fields'],
    'claim.export': ['提供给保险公司', 'gave a claim of yours to the insurer'], reconciliation: ['与保险公司核对', 'comparing with the insurer'], insurer_request: ['应保险公司要求', 'asked for by the insurer'],
    'sync.pull': ['手机收到记录', 'a phone was given the record'], 'privacy_request.export': ['导出一份给您', 'made a copy for you']
  };

  function t(key) { return TEXTS[key][zh ? 0 : 1]; }
  function w(word) {
    var known = WORDS.hasOwnProperty(word) ? WORDS[word] : null;
    return known ? known[zh ? 0 : 1] : String(word).replace(/[._]/g, ' ');
  }
  function words(list) {
    var out = [], i;
    for (i = 0; i < list.length; i++) { out.push(w(list[i])); }
    return out.join(zh ? '、' : ', ');
  }
  function two(n) { return (n < 10 ? '0' : '') + n; }
  /* Instants come in UTC; days are China's. */
  function when(instant, clock) {
    var d = new Date(new Date(instant.replace(/\.\d+Z$/, 'Z')).getTime() + 8 * 3600 * 1000);
    var day = d.getUTCFullYear() + '-' + two(d.getUTCMonth() + 1) + '-' + two(d.getUTCDate());
    return clock ? day + ' ' + two(d.getUTCHours()) + ':' + two(d.getUTCMinutes()) : day;
  }

  function make(tag, text, name) {
    var e = document.createElement(tag);
    if (text) { e.appendChild(document.createTextNode(text)); }
    if (name) { e.className = name; }
    return e;
  }
  function button(text, act, name) {
    var b = make('button', text, name);
    b.type = 'button';
    b.onclick = act;
    return b;
  }
  function empty(e) { while (e.firstChild) { e.removeChild(e.firstChild); } }
  function tell(text, good) {
    empty(notice);
    notice.className = text ? (good ? 'good' : 'bad') : '';
    if (text) { notice.appendChild(document.createTextNode(text)); window.scrollTo(0, 0); }
  }

  function post(path, body, done) {
    var x = new XMLHttpRequest();
    body.code = code;
    x.open('POST', 'v1/receipt/' + path, true);
    x.setRequestHeader('Content-Type', 'application/json');
    x.setRequestHeader('Accept-Language', zh ? 'zh-CN' : 'en');
    x.onreadystatechange = function () {
      var answer = null;
      if (x.readyState !== 4) { return; }
      try { answer = JSON.parse(x.responseText); } catch (e) { answer = null; }
      done(x.status, answer);
    };
    x.send(JSON.stringify(body));
  }

  /* What a refusal means to the person. */
  function refused(status, answer) {
    var problem = (answer && answer.code) || '';
    var fault = answer && answer.errors && answer.errors[0] ? answer.errors[0] : {};
    if (problem === 'code_not_valid' || fault.pointer === '/code') { return t('badCode'); }
    if (fault.pointer === '/given_by') { return t('guardianOnly'); }
    if (problem === 'already_exists') { return t('twice'); }
    if (status === 429) { return t('often'); }
    if (status === 0) { return t('offline'); }
    return (answer && answer.detail) || t('failed');
  }

  function load(after) {
    tell('');
    empty(main);
    main.appendChild(make('p', t('wait')));
    post('view', {}, function (status, answer) {
      if (status === 200) {
        record = answer;
        draw();
        if (after) { tell(after, true); }
      } else {
        record = null;
        ask_code();
        tell(refused(status, answer));
      }
    });
  }
  function act(path, body, good) {
    post(path, body, function (status, answer) {
      if (status === 200 || status === 201) { load(good); } else { tell(refused(status, answer)); }
    });
  }

  function ask_code() {
    var form = make('form'), label = make('label', t('enter')), input = make('input'), go = make('button', t('open'), 'strong');
    empty(main);
    input.type = 'text';
    input.id = 'code';
    input.maxLength = 60;
    input.setAttribute('autocomplete', 'off');
    input.setAttribute('autocapitalize', 'characters');
    input.setAttribute('spellcheck', 'false');
    label.htmlFor = 'code';
    go.type = 'submit';
    go.id = 'open';
    form.appendChild(label);
    form.appendChild(make('p', t('enterHint'), 'hint'));
    form.appendChild(input);
    form.appendChild(go);
    form.onsubmit = function () {
      code = input.value.replace(/[^0-9A-Za-z]/g, '').toUpperCase();
      if (code.length < 28) { tell(t('badCode')); } else { load(); }
      return false;
    };
    main.appendChild(form);
  }

  function section(title, id) {
    var s = make('section');
    s.id = id;
    s.appendChild(make('h2', title));
    main.appendChild(s);
    return s;
  }
  function facts(into, rows) {
    var dl = make('dl'), i;
    for (i = 0; i < rows.length; i++) {
      if (rows[i][1] !== null && rows[i][1] !== undefined && rows[i][1] !== '') {
        dl.appendChild(make('dt', rows[i][0]));
        dl.appendChild(make('dd', String(rows[i][1])));
      }
    }
    into.appendChild(dl);
  }
  function listing(into, items, show) {
    var ul = make('ul'), i;
    if (!items.length) { into.appendChild(make('p', t('nothing'), 'hint')); return; }
    for (i = 0; i < items.length; i++) { ul.appendChild(show(items[i])); }
    into.appendChild(ul);
  }
  function entry(title, lines) {
    var li = make('li'), i;
    li.appendChild(make('strong', title));
    for (i = 0; i < lines.length; i++) { if (lines[i]) { li.appendChild(make('div', lines[i])); } }
    return li;
  }

  function show_me(p, r) {
    var s = section(t('me'), 'me');
    facts(s, [[t('name'), p.name], [t('sex'), w(p.sex)], [t('birth'), p.birth_year], [t('phone'), p.phone],
      [t('document'), p.document ? w(p.document.kind) + ' ' + p.document.number : null],
      [t('area'), p.area_name], [t('address'), p.address], [t('language'), p.language],
      [t('hours'), p.contact_hours], [t('since'), when(p.registered_at)]]);
    if (p.document) { s.appendChild(make('p', t('documentHint'), 'hint')); }
    if (r) {
      facts(s, [[t('homeArea'), r.home_area_name], [t('arrived'), r.arrived_on], [t('stay'), w(r.expected_stay)],
        [t('reason'), w(r.reason)], [t('employer'), r.employer], [t('needs'), words(r.needs)]]);
    }
  }

  function show_consent(k) {
    var live = !k.withdrawn_at;
    var li = entry(w(k.purpose), [k.purpose_text, k.manner_text, k.kinds_text, k.recipient_text,
      t(k.refused ? 'saidNo' : 'given') + ' ' + when(k.given_at) + (zh ? '，' : ', ') + w(k.channel),
      live || k.refused ? '' : t('withdrawn') + ' ' + when(k.withdrawn_at)]);
    if (!live) { li.className = 'gone'; return li; }
    li.appendChild(withdrawal(k));
    return li;
  }
  /* Asked twice, in the page itself. */
  function twice(name, texts, done) {
    var box = make('div', '', 'screen');
    function first() {
      empty(box);
      var b = button(t(texts[0]), second);
      b.id = name;
      box.appendChild(b);
    }
    function second() {
      empty(box);
      box.appendChild(make('p', t(texts[1])));
      var yes = button(t(texts[2]), done, 'danger');
      yes.id = 'sure-' + name;
      box.appendChild(yes);
      box.appendChild(button(t(texts[3]), first));
    }
    first();
    return box;
  }
  function withdrawal(k) {
    var sure = k.purpose === 'registration' ? 'sureRegistration' : 'sure';
    return twice('withdraw-' + k.purpose, ['withdraw', sure, 'yes', 'no'], function () {
      act('withdrawals', { consent_id: k.id }, t('withdrawnNow'));
    });
  }
  function end_receipt(k) {
    return twice('end-' + k.id, ['end', 'sureEnd', 'yesEnd', 'noEnd'], function () {
      if (k.id !== record.opened_by) { act('revocation', { receipt_id: k.id }, t('ended')); return; }
      post('revocation', {}, function (status, answer) {
        if (status === 200) { shut(); tell(t('ended'), true); } else { tell(refused(status, answer)); }
      });
    });
  }
  function show_text(text) {
    var li = entry(w(text.purpose), [text.purpose_text, text.manner_text, text.kinds_text, text.recipient_text]);
    function give(by) {
      return function () {
        act('consents', { purpose: text.purpose, text_version: text.text_version, language: text.language, given_by: by }, t('agreed'));
      };
    }
    var agree = button(t('agree'), give('self'));
    agree.id = 'agree-' + text.purpose;
    li.appendChild(agree);
    li.appendChild(button(t('agreeGuardian'), give('guardian')));
    return li;
  }
  function show_consents(r) {
    var s = section(t('consents'), 'consents'), live = {}, open = [], i;
    listing(s, r.consents, show_consent);
    for (i = 0; i < r.consents.length; i++) { if (!r.consents[i].withdrawn_at) { live[r.consents[i].purpose] = true; } }
    for (i = 0; i < r.texts.length; i++) {
      if (r.texts[i].language === (zh ? 'zh-CN' : 'en') && !live[r.texts[i].purpose]) { open.push(r.texts[i]); }
    }
    if (r.person.state === 'active' && open.length) {
      var more = section(t('more'), 'more');
      more.className = 'screen';
      listing(more, open, show_text);
    }
  }

  function show_requests(r) {
    var s = section(t('requests'), 'requests');
    listing(s, r.requests, function (q) {
      return entry(w(q.kind) + ' – ' + w(q.state), [when(q.asked_at),
        q.answered_at ? t('answered') + ' ' + when(q.answered_at) : t('due') + ' ' + q.due_on,
        q.refusal ? t('reason') + ' ' + w(q.refusal) : '']);
    });
    s.appendChild(ask_form());
  }
  function ask_form() {
    var KINDS = ['correction', 'export', 'erasure', 'restriction'];
    var FIELDS = ['name', 'sex', 'birth_year', 'phone', 'document', 'address', 'area', 'household', 'home_area', 'arrived_on', 'employer', 'needs', 'language', 'contact_hours', 'other'];
    var form = make('form'), kind = make('select'), which = make('div'), told = make('textarea'), boxes = [], i, option, label, box;
    form.appendChild(make('h2', t('ask')));
    label = make('label', t('askKind'));
    label.htmlFor = 'kind';
    form.appendChild(label);
    kind.id = 'kind';
    for (i = 0; i < KINDS.length; i++) {
      option = make('option', w(KINDS[i]));
      option.value = KINDS[i];
      kind.appendChild(option);
    }
    form.appendChild(kind);
    which.appendChild(make('p', t('askFields')));
    for (i = 0; i < FIELDS.length; i++) {
      label = make('label', '', 'choice');
      box = make('input');
      box.type = 'checkbox';
      box.value = FIELDS[i];
      box.id = 'field-' + FIELDS[i];
      boxes.push(box);
      label.appendChild(box);
      label.appendChild(document.createTextNode(' ' + w(FIELDS[i])));
      which.appendChild(label);
    }
    form.appendChild(which);
    kind.onchange = function () { which.style.display = kind.value === 'correction' ? '' : 'none'; };
    label = make('label', t('askTold'));
    label.htmlFor = 'told';
    form.appendChild(label);
    told.id = 'told';
    told.rows = 3;
    told.maxLength = 500;
    form.appendChild(told);
    form.appendChild(make('p', t('askHint'), 'hint'));
    var send = make('button', t('send'), 'strong');
    send.type = 'submit';
    send.id = 'send';
    form.appendChild(send);
    form.onsubmit = function () {
      var body = { kind: kind.value }, fields = [], text = told.value.replace(/^\s+|\s+$/g, '');
      for (i = 0; i < boxes.length; i++) { if (boxes[i].checked) { fields.push(boxes[i].value); } }
      if (kind.value === 'correction') {
        if (!fields.length) { tell(t('fields')); return false; }
        body.fields = fields;
      }
      if (text) { body.told = text; }
      act('requests', body, t('sent'));
      return false;
    };
    return form;
  }

  function save() {
    post('export', {}, function (status, answer) {
      if (status !== 200) { tell(refused(status, answer)); return; }
      var link = make('a'), blob = new Blob([JSON.stringify(answer, null, 2)], { type: 'application/json' });
      link.href = URL.createObjectURL(blob);
      link.download = 'record.json';
      document.body.appendChild(link);
      link.click();
      document.body.removeChild(link);
      window.setTimeout(function () { URL.revokeObjectURL(link.href); }, 60000);
    });
  }
  /* The page of claims is made for phones without script: the code goes there in a form, never in an address. */
  function claims() {
    var form = make('form'), fields = { code: code, lang: zh ? 'zh-CN' : 'en' }, name, field;
    form.method = 'post';
    form.action = 'r/claims';
    for (name in fields) {
      if (fields.hasOwnProperty(name)) {
        field = make('input');
        field.type = 'hidden';
        field.name = name;
        field.value = fields[name];
        form.appendChild(field);
      }
    }
    document.body.appendChild(form);
    form.submit();
    document.body.removeChild(form);
  }
  function shut() {
    code = '';
    record = null;
    ask_code();
    tell(t('closed'), true);
  }

  function draw() {
    var r = record, s, bar;
    empty(main);
    main.appendChild(make('p', t('intro'), 'screen'));
    if (r.person.state !== 'active') { main.appendChild(make('p', t('restricted'))); }
    bar = make('p', '', 'screen');
    bar.appendChild(button(t('print'), function () { window.print(); }));
    var follow = button(t('claims'), claims);
    follow.id = 'claims';
    bar.appendChild(follow);
    if (window.Blob && window.URL) { bar.appendChild(button(t('save'), save)); }
    bar.appendChild(button(t('close'), shut));
    main.appendChild(bar);
    main.appendChild(make('p', t('asOf') + ' ' + when(r.as_of, true), 'hint'));
    show_me(r.person, r.resident);
    if (r.household) {
      s = section(t('household'), 'household');
      facts(s, [[t('kind'), w(r.household.kind)], [t('area'), r.household.area_name], [t('address'), r.household.address], [t('people'), r.household.people]]);
    }
    if (r.stays.length) {
      s = section(t('stays'), 'stays');
      listing(s, r.stays, function (y) { return entry(y.from_day + ' – ' + (y.to_day || t('now')), [y.area_name, w(y.reason)]); });
    }
    show_consents(r);
    show_requests(r);
    s = section(t('looks'), 'looks');
    s.appendChild(make('p', t('looksHint'), 'hint'));
    listing(s, r.looks, function (l) {
      return entry(w(l.what), [when(l.at, true), [l.role ? w(l.role) : '', l.unit || '', l.reason ? w(l.reason) : ''].join(' ')]);
    });
    if (r.services.length) {
      s = section(t('services'), 'services');
      listing(s, r.services, function (v) {
        return entry(v.offered_on + ' ' + w(v.kind), [w(v.state), v.provider ? w(v.provider) : '', v.delivered_on || '', v.follow_up_on || '']);
      });
    }
    if (r.visits.length) {
      s = section(t('visits'), 'visits');
      listing(s, r.visits, function (v) { return entry(v.on, [w(v.purpose), words(v.offered)]); });
    }
    if (r.policies.length) {
      s = section(t('policies'), 'policies');
      s.appendChild(make('p', t('policiesHint'), 'hint'));
      listing(s, r.policies, function (p) {
        var lines = [p.insurer_code], i;
        for (i = 0; i < p.claims.length; i++) {
          lines.push(t('claim') + ' ' + p.claims[i].reported_on + ' ' + w(p.claims[i].claim_type) + ' – ' + w(p.claims[i].state));
        }
        return entry(p.starts_on + ' – ' + p.ends_on, lines);
      });
    }
    if (r.liaison.length) {
      s = section(t('liaison'), 'liaison');
      listing(s, r.liaison, function (n) {
        return entry((n.sent_on || '') + ' ' + w(n.kind), [n.office || n.to_area_name || n.to_area, w(n.closed_because === 'consent_withdrawn' ? n.closed_because : n.state),
          t('told') + ' ' + words(n.fields)]);
      });
    }
    if (r.rights_requests.length) {
      s = section(t('rights'), 'rights');
      listing(s, r.rights_requests, function (q) {
        return entry(w(q.topic) + ' – ' + w(q.state), [q.asked_on, q.answered_on ? t('answered') + ' ' + q.answered_on : t('due') + ' ' + q.due_on,
          q.answer ? t('answer') + ' ' + q.answer : '']);
      });
    }
    if (r.memberships.length) {
      s = section(t('memberships'), 'memberships');
      listing(s, r.memberships, function (m) {
        return entry(m.association, [m.joined_on + ' – ' + (m.left_on || ''), m.left_because ? w(m.left_because) : '',
          m.backbone_since ? t('backbone') + ' ' + m.backbone_since : '', m.card_number ? t('card') + ' ' + m.card_number : '']);
      });
    }
    if (r.posts.length) {
      s = section(t('posts'), 'posts');
      listing(s, r.posts, function (p) {
        return entry(p.association + ' – ' + w(p.post), [p.begins_on + ' – ' + (p.ended_on || p.ends_on), p.ended_because ? w(p.ended_because) : '',
          p.holds_position === 'none' ? '' : w(p.holds_position), p.allowance ? t('allowance') + ' ' + p.allowance.amount : '']);
      });
    }
    if (r.care.length) {
      s = section(t('care'), 'care');
      r.care.forEach(function (c) {
        listing(s, [c], function () {
          return entry(w(c.state), [c.began_on + ' – ' + (c.ended_on || ''), c.ended_because ? w(c.ended_because) : '', t('contacts') + ' ' + c.contacts,
            c.family_doctor_since ? t('familyDoctor') + ' ' + c.family_doctor_since : '', c.green_channel_since ? t('greenChannel') + ' ' + c.green_channel_since : '']);
        });
        if (c.help.length) { listing(s, c.help, function (h) { return entry(h.kind === 'service' ? t('aService') : w(h.kind), [h.given_on, h.value.amount]); }); }
        if (c.visits.length) { listing(s, c.visits, function (v) { return entry(v.on, [w(v.way)]); }); }
      });
    }
    s = section(t('receipts'), 'receipts');
    listing(s, r.receipts, function (k) {
      var li = entry(t('issued') + ' ' + when(k.issued_at), [k.id === r.opened_by ? t('thisOne') : '',
        k.revoked_at ? t('revoked') + ' ' + when(k.revoked_at) : t('expires') + ' ' + when(k.expires_at),
        k.last_used_at ? t('lastUsed') + ' ' + when(k.last_used_at, true) : '']);
      if (!k.revoked_at) { li.appendChild(end_receipt(k)); }
      return li;
    });
  }

  function speak() {
    var toggle = document.getElementById('language'), title = document.getElementById('title');
    document.documentElement.lang = zh ? 'zh-CN' : 'en';
    document.title = t('title');
    empty(title);
    title.appendChild(document.createTextNode(t('title')));
    empty(toggle);
    toggle.appendChild(document.createTextNode(t('other')));
    toggle.onclick = function () {
      zh = !zh;
      speak();
      tell('');
      if (record) { draw(); } else { ask_code(); }
    };
  }

  /* The code leaves the address, the history and the title at once. */
  function take() {
    var given = window.location.hash.slice(1).replace(/[^0-9A-Za-z]/g, '').toUpperCase();
    if (window.location.hash) { window.history.replaceState(null, '', window.location.pathname); }
    return given;
  }
  function start() {
    code = take();
    if (code) { load(); } else { record = null; ask_code(); }
  }
  window.onhashchange = function () { if (window.location.hash) { start(); } };
  speak();
  start();
}());
