"use strict";
(() => {
  const words = {
    zh: {
      title: "推送网关", lead: "代替各推送服务商的服务器接收推送，只在本机。", other: "English",
      connecting: "正在连接", on: "实时", off: "已断开，正在重连", phone: "手机上的样子",
      waiting: "等待第一条推送……", accepted: "已接收", rate: "每秒", refused: "已拒绝", duplicates: "重复",
      grants: "令牌发放", faults: "让它出错", f_kind: "错误", f_prefix: "令牌开头", f_times: "次数", f_add: "添加",
      f_clear: "全部取消", magic: "不设规则也可以试：令牌以这些开头", tab_all: "全部", pause: "暂停", go_on: "继续",
      clear: "清空", nothing: "还没有任何请求。", silent: "静默数据消息", app: "牵手", now: "刚刚", dup: "重复",
      lost: "回执丢失", data: "数据", bytes: "字节", ms: "毫秒", retry: "Retry-After（秒）", grant: "申请访问令牌",
      left: "已用", topic: "主题", condition: "条件",
      kinds: { unregistered: "404 令牌已失效", sender_id_mismatch: "403 发送者不符", invalid_argument: "400 参数无效",
        quota_exceeded: "429 超出配额", unavailable: "503 服务不可用", internal: "500 内部错误",
        unauthenticated: "401 访问令牌无效", third_party_auth_error: "401 APNs／Web Push 凭据错误", slow: "变慢",
        close_connection: "断开连接（未接收）", lose_reply: "已接收，但回执丢失",
        "token:unavailable": "令牌端点：503", "token:invalid_argument": "令牌端点：invalid_grant",
        "web_push:gone": "Web Push：410 订阅已失效", "web_push:unavailable": "Web Push：503",
        "web_push:insufficient_storage": "Web Push：507 无人接收", "web_push:sender_id_mismatch": "Web Push：403 拒绝",
        "apns:apns.Unregistered": "APNs：410 令牌已失效", "apns:apns.BadDeviceToken": "APNs：400 令牌不符",
        "apns:apns.TooManyRequests": "APNs：429", "apns:apns.ServiceUnavailable": "APNs：503",
        "apns:apns.ExpiredProviderToken": "APNs：403 提供者令牌过期",
        "apns:apns.InvalidProviderToken": "APNs：403 提供者令牌无效",
        "apns:go_away": "APNs：GOAWAY", "apns:refused_stream": "APNs：REFUSED_STREAM",
        "apns:close_connection": "APNs：断开连接（未接收）", "apns:lose_reply": "APNs：已接收，但回执丢失",
        "jpush:jpush.1011": "极光：1011 没有目标", "jpush:jpush.1003": "极光：1003 参数无效",
        "jpush:jpush.1004": "极光：1004 验证失败", "jpush:jpush.2002": "极光：2002 超出频率",
        "jpush:jpush.1030": "极光：1030 内部超时", "jpush:lose_reply": "极光：已接收，但回执丢失",
        "wecom:unregistered": "企业微信：invaliduser 成员无效", "wecom:unlicensed": "企业微信：unlicenseduser 无许可",
        "wecom:wecom.-1": "企业微信：-1 系统繁忙", "wecom:wecom.42001": "企业微信：42001 令牌过期",
        "wecom:wecom.48002": "企业微信：48002 无接口权限", "wecom:wecom.45009": "企业微信：45009 超出频率",
        "wecom:lose_reply": "企业微信：已接收，但回执丢失", "wecom_token:wecom.40001": "企业微信令牌：40001 Secret 错误",
        "wecom_member:wecom.40029": "企业微信授权：40029 code 无效" },
    },
    en: {
      title: "Push gateway", lead: "Takes pushes in place of the providers' servers, on this machine only.", other: "中文",
      connecting: "Connecting", on: "Live", off: "Lost, reconnecting", phone: "On the phone",
      waiting: "Waiting for the first push…", accepted: "Arrived", rate: "Per second", refused: "Refused",
      duplicates: "Duplicates", grants: "Token grants", faults: "Make it fail", f_kind: "Fault",
      f_prefix: "Token starts with", f_times: "Times", f_add: "Add", f_clear: "Clear all",
      magic: "No rule needed: tokens that start with", tab_all: "All", pause: "Pause", go_on: "Go on", clear: "Clear",
      nothing: "No request yet.", silent: "Silent data message", app: "Qianshou", now: "now", dup: "duplicate",
      lost: "reply lost", data: "data", bytes: "bytes", ms: "Milliseconds", retry: "Retry-After (s)",
      grant: "Access token asked for", left: "used", topic: "topic", condition: "condition",
      kinds: { unregistered: "404 dead token", sender_id_mismatch: "403 sender mismatch",
        invalid_argument: "400 invalid argument", quota_exceeded: "429 quota exceeded",
        unavailable: "503 unavailable", internal: "500 internal", unauthenticated: "401 access token refused",
        third_party_auth_error: "401 APNs or Web Push credentials", slow: "Slow",
        close_connection: "Cut the connection (not accepted)", lose_reply: "Accept, lose the reply",
        "token:unavailable": "Token endpoint: 503", "token:invalid_argument": "Token endpoint: invalid_grant",
        "web_push:gone": "Web Push: 410 gone", "web_push:unavailable": "Web Push: 503",
        "web_push:insufficient_storage": "Web Push: 507 nobody listens", "web_push:sender_id_mismatch": "Web Push: 403 refused",
        "apns:apns.Unregistered": "APNs: 410 dead token", "apns:apns.BadDeviceToken": "APNs: 400 bad token",
        "apns:apns.TooManyRequests": "APNs: 429", "apns:apns.ServiceUnavailable": "APNs: 503",
        "apns:apns.ExpiredProviderToken": "APNs: 403 provider token expired",
        "apns:apns.InvalidProviderToken": "APNs: 403 provider token refused",
        "apns:go_away": "APNs: GOAWAY", "apns:refused_stream": "APNs: REFUSED_STREAM",
        "apns:close_connection": "APNs: cut (not accepted)", "apns:lose_reply": "APNs: accept, lose the reply",
        "jpush:jpush.1011": "JPush: 1011 no target", "jpush:jpush.1003": "JPush: 1003 invalid",
        "jpush:jpush.1004": "JPush: 1004 not authenticated", "jpush:jpush.2002": "JPush: 2002 too often",
        "jpush:jpush.1030": "JPush: 1030 internal timeout", "jpush:lose_reply": "JPush: accept, lose the reply",
        "wecom:unregistered": "WeCom: invaliduser", "wecom:unlicensed": "WeCom: unlicenseduser",
        "wecom:wecom.-1": "WeCom: -1 busy", "wecom:wecom.42001": "WeCom: 42001 token expired",
        "wecom:wecom.48002": "WeCom: 48002 API forbidden", "wecom:wecom.45009": "WeCom: 45009 too often",
        "wecom:lose_reply": "WeCom: accept, lose the reply", "wecom_token:wecom.40001": "WeCom's token: 40001 wrong secret",
        "wecom_member:wecom.40029": "WeCom's members: 40029 invalid code" },
    },
  };
  const $ = (id) => document.getElementById(id);
  const make = (tag, name, text) => {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const remembered = () => { try { return localStorage.getItem("lang"); } catch { return null; } };
  let lang = remembered() || (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
  let tab = "all", paused = false, state = "connecting", items = [], stats = null, earlier = null;
  const kept = 200, shown = 60, cards = 4;
  const t = (key) => words[lang][key];

  function speak() {
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    document.title = t("title");
    for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
    $("lang").textContent = t("other");
    $("pause").textContent = t(paused ? "go_on" : "pause");
    const picked = $("f-kind").value;
    $("f-kind").replaceChildren(...Object.entries(t("kinds")).map(([value, text]) => {
      const option = make("option", "", text);
      option.value = value;
      return option;
    }));
    if (picked) $("f-kind").value = picked;
    extra();
    status();
    clock();
    draw();
  }

  function status() {
    $("live").className = "live " + state;
    $("live").querySelector("b").textContent = t(state);
  }

  function clock() {
    const now = new Date(), locale = lang === "zh" ? "zh-CN" : "en-GB";
    $("clock").textContent = now.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit", hour12: false });
    $("date").textContent = now.toLocaleDateString(locale, { weekday: "long", month: "long", day: "numeric" });
  }

  const time = (item) => new Date(item.at).toLocaleTimeString("en-GB", { hour12: false });
  const target = (item) => item.token || (item.topic && `${t("topic")}: ${item.topic}`)
    || (item.condition && `${t("condition")}: ${item.condition}`) || "";

  /** What the phone would show, Android's own texts first. */
  function face(item) {
    const message = (item.raw && item.raw.message) || {};
    const common = item.notification || {}, android = (message.android && message.android.notification) || {};
    return { title: android.title || common.title || android.titleLocKey || "",
      body: android.body || common.body || android.bodyLocKey || "" };
  }

  const onScreen = new Map();
  function card(item) {
    let node = onScreen.get(item.seq);
    if (node && node.dataset.lang === lang) return node;
    const { title, body } = face(item);
    const silent = !title && !body;
    node = make("li", silent ? "silent" : "");
    node.dataset.lang = lang;
    const app = make("div", "app");
    app.append(make("span", "", t("app")), make("time", "", time(item).slice(0, 5)));
    node.append(app, make("strong", "", silent ? t("silent") : title));
    const data = Object.keys(item.data || {}).join(", ");
    if (body || silent) node.append(make("p", "", silent ? data : body));
    app.querySelector("time").style.cssText = "font-size:inherit;font-weight:400";
    onScreen.set(item.seq, node);
    return node;
  }

  const inFeed = new Map();
  function row(item) {
    let node = inFeed.get(item.seq);
    if (node && node.dataset.lang === lang) return node;
    const open = node && node.firstChild.open;
    const good = item.outcome === "accepted";
    node = make("li", item.outcome);
    node.dataset.lang = lang;
    const details = make("details"), summary = make("summary"), more = make("div", "more");
    details.open = Boolean(open);
    const { title, body } = face(item);
    const what = ["/token", "/cgi-bin/gettoken"].includes(item.path) ? t("grant") : [title, body].filter(Boolean).join(" · ") || t("silent");
    summary.append(make("span", "what", good ? what : item.reason.split("\n")[0]), make("span", "when", time(item)));
    more.append(make("span", "tag" + (good ? " ok" : ""), good ? item.provider : `${item.status || "×"} ${item.code}`));
    if (item.duplicate) more.append(make("span", "tag note", t("dup")));
    if (item.reply_lost) more.append(make("span", "tag note", t("lost")));
    if (item.fault && !item.reply_lost) more.append(make("span", "tag note", item.fault));
    if (!good) more.append(make("span", "", what));
    if (target(item)) more.append(make("span", "to", target(item)));
    if (item.bytes) more.append(make("span", "", `${item.bytes} ${t("bytes")}`));
    summary.append(more);
    details.append(summary);
    // The body is written out when somebody looks.
    const fill = () => {
      if (!details.open || details.querySelector("pre")) return;
      const raw = typeof item.raw === "string" ? item.raw : JSON.stringify(item.raw, null, 2);
      const head = good ? item.name : item.reason;
      details.append(make("pre", "", [head, raw === "null" ? "" : raw].filter(Boolean).join("\n\n")));
    };
    details.addEventListener("toggle", fill);
    fill();
    node.append(details);
    inFeed.set(item.seq, node);
    return node;
  }

  function draw() {
    const arrived = items.filter((i) => i.outcome === "accepted");
    $("screen").replaceChildren(...arrived.slice(0, cards).map(card));
    $("screen-empty").hidden = arrived.length > 0;
    const chosen = items.filter((i) => tab === "all" || i.outcome === tab).slice(0, shown);
    place($("feed"), chosen.map(row));
    $("feed-empty").hidden = chosen.length > 0;
    for (const map of [onScreen, inFeed]) {
      if (map.size > kept * 2) {
        const alive = new Set(items.map((i) => i.seq));
        for (const seq of map.keys()) if (!alive.has(seq)) map.delete(seq);
      }
    }
    if (!stats) return;
    const number = (n) => n.toLocaleString("en");
    $("n-accepted").textContent = number(stats.accepted);
    $("n-refused").textContent = number(stats.refused);
    $("n-duplicates").textContent = number(stats.duplicates);
    $("n-grants").textContent = number(stats.token_grants);
    $("n-refused").parentNode.classList.toggle("some", stats.refused > 0);
    $("codes").replaceChildren(...Object.entries(stats.refused_by_code)
      .map(([code, n]) => make("span", "", `${code} ${number(n)}`)));
  }

  /** Moves nothing that is in place already, so open rows and the focus stay. */
  function place(list, nodes) {
    const wanted = new Set(nodes);
    for (const node of [...list.children]) if (!wanted.has(node)) node.remove();
    nodes.forEach((node, i) => {
      if (list.children[i] !== node) list.insertBefore(node, list.children[i] || null);
    });
  }

  let waiting = false;
  function news(event) {
    const told = JSON.parse(event.data);
    if (stats && stats.since !== told.stats.since) items = [];
    const known = new Set(items.map((i) => i.seq));
    items = [...told.items.filter((i) => !known.has(i.seq)).reverse(), ...items].slice(0, kept);
    stats = told.stats;
    if (paused || waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  }

  function rate() {
    if (!stats) return;
    const now = { at: performance.now(), since: stats.since, n: stats.accepted };
    const same = earlier && earlier.since === now.since;
    const value = same ? (now.n - earlier.n) / ((now.at - earlier.at) / 1000) : 0;
    $("n-rate").textContent = Math.round(Math.max(0, value)).toLocaleString("en");
    earlier = now;
  }

  function listen() {
    const source = new EventSource("/received/stream");
    source.onopen = () => { state = "on"; status(); };
    source.onerror = () => {
      state = "off";
      status();
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
    };
    source.onmessage = news;
  }

  /** Endpoints that are told of no token. */
  const ofNobody = (endpoint) => ["token", "wecom_token", "wecom_member"].includes(endpoint);

  function extra() {
    const kind = $("f-kind").value.split(":").pop();
    const timed = ["quota_exceeded", "unavailable", "apns.TooManyRequests", "apns.ServiceUnavailable", "jpush.2002"];
    const name = kind === "slow" ? "ms" : timed.includes(kind) ? "retry" : "";
    $("f-extra-label").hidden = !name;
    $("f-extra-name").textContent = name ? t(name) : "";
    $("f-extra").placeholder = name === "ms" ? "1000" : "—";
    $("f-prefix").disabled = ofNobody($("f-kind").value.split(":")[0]);
  }

  async function faults(method, body) {
    try {
      const response = await fetch("/control/faults", body
        ? { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : { method });
      const told = response.status === 204 ? { items: [] } : await response.json();
      $("f-error").textContent = response.ok ? "" : told.detail;
      if (!response.ok) return;
      $("fault-count").textContent = told.items.length || "";
      $("fault-list").replaceChildren(...told.items.map(({ matched, applied, ...rule }) =>
        make("li", "", `${JSON.stringify(rule)}  ${t("left")} ${applied}${rule.times ? "/" + rule.times : ""}`)));
    } catch (error) {
      $("f-error").textContent = String(error);
    }
  }

  $("fault-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const [endpoint, kind] = $("f-kind").value.includes(":") ? $("f-kind").value.split(":") : ["send", $("f-kind").value];
    // `jpush.1011` is JPush's own code, `wecom.-1` WeCom's, `apns.BadTopic` a word of Apple's.
    const [provider, own] = kind.split(".");
    const rule = { endpoint, fault: own ? { [provider]: provider === "apns" ? own : Number(own) } : kind };
    const prefix = $("f-prefix").value.trim(), number = $("f-extra").value;
    if (prefix && !ofNobody(endpoint)) rule.token_prefix = prefix;
    if ($("f-times").value) rule.times = Number($("f-times").value);
    if (kind === "slow") rule.ms = Number(number || 1000);
    else if (!$("f-extra-label").hidden && number) rule.retry_after_s = Number(number);
    faults("POST", [rule]);
  });
  $("f-kind").addEventListener("change", extra);
  $("f-clear").addEventListener("click", () => faults("DELETE"));
  $("clear").addEventListener("click", () => fetch("/received", { method: "DELETE" }));
  $("pause").addEventListener("click", () => {
    paused = !paused;
    $("pause").setAttribute("aria-pressed", String(paused));
    $("pause").textContent = t(paused ? "go_on" : "pause");
    draw();
  });
  $("lang").addEventListener("click", () => {
    lang = lang === "zh" ? "en" : "zh";
    try { localStorage.setItem("lang", lang); } catch { /* not kept */ }
    speak();
  });
  for (const button of document.querySelectorAll("[data-tab]")) {
    button.addEventListener("click", () => {
      tab = button.dataset.tab;
      for (const other of document.querySelectorAll("[data-tab]")) {
        other.setAttribute("aria-pressed", String(other === button));
      }
      draw();
    });
  }

  speak();
  listen();
  faults("GET");
  setInterval(clock, 5000);
  setInterval(rate, 1000);
  setInterval(() => { if (document.querySelector(".panel").open) faults("GET"); }, 2000);
})();
