/* The demo's page of pushes. ES5, no library; every text goes in as text, never as markup. */
(function () {
  'use strict';

  var zh = document.documentElement.lang.slice(0, 2) === 'zh' ? 0 : 1;
  var cast = JSON.parse(document.body.getAttribute('data-cast'));
  var KEPT = 'qianshou-demo-push';
  /* The session of the bound browser; the coordinator's stays in memory. */
  var kept = JSON.parse(localStorage.getItem(KEPT) || '{}');
  var coordinator = null;
  /* The keys of a page that is its own browser. */
  var own = null;

  var TEXTS = {
    intro: ['推送只是提示：标题、编号和未读数，没有任何人的个人信息。收件箱才是准的。', 'A push only announces: a title, ids and a count, nothing about anybody. The inbox is the truth.'],
    'h-bind': ['一、绑定这个浏览器', '1. Bind this browser'],
    't-bind': ['由协调员生成一次性绑定码，浏览器兑换后就是这位会员的设备。', 'The coordinator makes a one-use code; redeemed, the browser is this member’s device.'],
    bind: ['绑定', 'Bind'],
    bound: ['已绑定：', 'Bound: '],
    'h-subscribe': ['二、订阅推送', '2. Subscribe'],
    't-subscribe': ['浏览器自己的推送服务在境外，演示默认不向其发送（push.abroad）。本机网关不需要外网：页面自己持有密钥并解密。', 'The browser’s own push service lies abroad, and the demo sends nothing there unless push.abroad is true. The gateway on this machine needs no network: this page holds the keys and decrypts.'],
    subscribe: ['浏览器的推送服务', 'The browser’s push service'],
    local: ['本机网关', 'This machine’s gateway'],
    subscribed: ['已订阅。', 'Subscribed.'],
    denied: ['浏览器不允许显示通知，请在地址栏旁允许后再试。', 'The browser does not allow notifications. Allow them beside the address, then try again.'],
    'h-try': ['三、试一试', '3. Try it'],
    't-try': ['会员提交一次走访，协调员退回，随即收到推送。', 'The member submits a visit, the coordinator returns it, and a push comes.'],
    'try': ['退回一次走访', 'Return a visit'],
    sent: ['走访已退回，推送在路上……', 'The visit was returned; the push is on its way…'],
    'h-inbox': ['收件箱', 'Inbox'],
    empty: ['还没有通知。', 'Nothing yet.'],
    isNew: ['未读', 'new'],
    isDisplayed: ['已显示', 'displayed'],
    isOpened: ['已打开', 'opened'],
    again: ['请重新绑定。', 'Bind this browser again.'],
    failed: ['没有办成：', 'That did not work: ']
  };
  function t(key) { return TEXTS[key][zh]; }
  function $(id) { return document.getElementById(id); }

  function say(text, bad) {
    $('notice').textContent = text;
    $('notice').className = bad ? 'bad' : '';
  }
  function fail(error) { say(t('failed') + (error && error.message ? error.message : error), true); }

  function keep() {
    localStorage.setItem(KEPT, JSON.stringify(kept));
    var bound = Boolean(kept.token);
    $('subscribe').disabled = !bound || !('PushManager' in window);
    $('local').disabled = !bound;
    $('try').disabled = !bound || !coordinator;
  }

  /* Asks the API; an answer that is a problem is an error with its title. */
  function api(method, path, body, token) {
    var headers = { 'Accept-Language': zh === 0 ? 'zh-CN' : 'en' };
    if (body) { headers['Content-Type'] = 'application/json'; }
    if (token) { headers.Authorization = 'Bearer ' + token; }
    var asked = { method: method, headers: headers, body: body ? JSON.stringify(body) : undefined, cache: 'no-store' };
    return fetch(path, asked).then(function (answer) {
      if (answer.status === 204) { return null; }
      return answer.json().then(function (found) {
        if (answer.ok) { return found; }
        if (answer.status === 401 && token === kept.token) {
          kept = { installation: kept.installation };
          keep();
          throw new Error(t('again'));
        }
        throw new Error(found.title + ' (' + found.code + ')');
      });
    });
  }

  function uuid() {
    var b = crypto.getRandomValues(new Uint8Array(16));
    b[6] = b[6] & 15 | 64;
    b[8] = b[8] & 63 | 128;
    var hex = '';
    for (var i = 0; i < 16; i++) {
      hex += (b[i] + 256).toString(16).slice(1) + (i === 3 || i === 5 || i === 7 || i === 9 ? '-' : '');
    }
    return hex;
  }

  function signIn(login) {
    return api('POST', '/v1/auth/sessions', { login: login, password: cast.password }).then(function (s) { return s.access_token; });
  }

  function bind() {
    var member = cast.members[$('member').selectedIndex];
    return signIn(member.login).then(function (token) {
      return api('GET', '/v1/me', null, token);
    }).then(function (me) {
      return signIn(member.coordinator).then(function (token) {
        coordinator = token;
        return api('POST', '/v1/enrolments', { user_id: me.id, purpose: 'enrolment' }, token);
      });
    }).then(function (made) {
      kept.installation = kept.installation || uuid();
      return api('POST', '/v1/enrolments/redemption', { code: made.code, installation_id: kept.installation,
        device_name: 'Web', platform: 'web', app_version: 'demo' });
    }).then(function (session) {
      kept.token = session.access_token;
      kept.device = session.device_id;
      kept.name = member.name;
      keep();
      say(t('bound') + member.name);
      return refresh();
    });
  }

  function bytes(text) {
    var binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
    var out = new Uint8Array(binary.length);
    for (var i = 0; i < binary.length; i++) { out[i] = binary.charCodeAt(i); }
    return out;
  }
  function base64(buffer) {
    var b = new Uint8Array(buffer), binary = '';
    for (var i = 0; i < b.length; i++) { binary += String.fromCharCode(b[i]); }
    return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  }
  function joined(parts) {
    var length = 0, at = 0;
    parts.forEach(function (p) { length += p.length; });
    var out = new Uint8Array(length);
    parts.forEach(function (p) { out.set(p, at); at += p.length; });
    return out;
  }

  function permitted() {
    return Notification.requestPermission().then(function (answer) {
      if (answer !== 'granted') { throw new Error(t('denied')); }
      return api('GET', '/v1/push/web-key', null, kept.token);
    }).then(function (found) { return found.public_key; });
  }

  /* Tells the API where pushes go: only what it knows, of what a browser's subscription holds. */
  function put(subscription) {
    var body = { provider: 'web_push', endpoint: subscription.endpoint, keys: { p256dh: subscription.keys.p256dh, auth: subscription.keys.auth } };
    return api('PUT', '/v1/devices/' + kept.device + '/push-subscription', body, kept.token).then(function () {
      say(t('subscribed'));
    });
  }

  function subscribe() {
    return permitted().then(function (key) {
      return navigator.serviceWorker.ready.then(function (registration) {
        return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
      });
    }).then(function (subscription) { return put(subscription.toJSON()); });
  }

  /* The page as its own browser: it makes the keys that a browser would, and the private one never leaves it. */
  function local() {
    var made = {};
    return permitted().then(function (key) {
      made.server = key;
      return crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']);
    }).then(function (pair) {
      made.privateKey = pair.privateKey;
      return crypto.subtle.exportKey('raw', pair.publicKey);
    }).then(function (raw) {
      made.publicKey = new Uint8Array(raw);
      made.auth = crypto.getRandomValues(new Uint8Array(16));
      var wanted = { application_server_key: made.server, p256dh: base64(raw), auth: base64(made.auth) };
      return api('POST', '/demo/push/subscriptions', wanted);
    }).then(function (subscription) {
      made.id = subscription.endpoint.split('/').pop();
      made.since = 0;
      own = made;
      return put(subscription);
    });
  }

  function hkdf(salt, secret, info, length) {
    return crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']).then(function (key) {
      return crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: salt, info: info }, key, length * 8);
    });
  }

  /* RFC 8291, as a browser does it before it wakes the worker. */
  function decrypt(mine, body) {
    var encoder = new TextEncoder();
    var salt = body.slice(0, 16), sender = body.slice(21, 21 + body[20]), record = body.slice(21 + body[20]);
    var curve = { name: 'ECDH', namedCurve: 'P-256' };
    return crypto.subtle.importKey('raw', sender, curve, false, []).then(function (key) {
      return crypto.subtle.deriveBits({ name: 'ECDH', public: key }, mine.privateKey, 256);
    }).then(function (secret) {
      return hkdf(mine.auth, secret, joined([encoder.encode('WebPush: info\0'), mine.publicKey, sender]), 32);
    }).then(function (input) {
      return Promise.all([hkdf(salt, input, encoder.encode('Content-Encoding: aes128gcm\0'), 16),
        hkdf(salt, input, encoder.encode('Content-Encoding: nonce\0'), 12)]);
    }).then(function (derived) {
      return crypto.subtle.importKey('raw', derived[0], 'AES-GCM', false, ['decrypt']).then(function (key) {
        return crypto.subtle.decrypt({ name: 'AES-GCM', iv: derived[1] }, key, record);
      });
    }).then(function (plain) {
      var text = new Uint8Array(plain), end = text.length - 1;
      while (end >= 0 && text[end] === 0) { end--; }
      if (text[end] !== 2) { throw new Error('not the last record'); }
      return new TextDecoder().decode(text.slice(0, end));
    });
  }

  function fetchArrived() {
    if (!own) { return Promise.resolve(); }
    var mine = own;
    return api('GET', '/demo/push/arrived?since=' + mine.since).then(function (found) {
      var ours = found.items.filter(function (item) { return item.subscription === mine.id; });
      return Promise.all(ours.map(function (item) {
        return Promise.all([decrypt(mine, bytes(item.body)), navigator.serviceWorker.ready]).then(function (both) {
          both[1].active.postMessage({ push: both[0] });
        });
      })).then(function () { mine.since = found.next_since; });
    }).catch(function () { /* The demo is being stopped, or the page was away: at the next look. */ });
  }
  function look() { fetchArrived().then(function () { setTimeout(look, 1000); }); }

  function tryIt() {
    var visit;
    var hour = 3600000, now = Date.now();
    return api('GET', '/v1/member-homes?limit=1', null, kept.token).then(function (homes) {
      return api('POST', '/v1/visits', { member_home_id: homes.items[0].id, purpose: 'routine',
        started_at: new Date(now - 2 * hour).toISOString(), ended_at: new Date(now - hour).toISOString() }, kept.token);
    }).then(function (made) {
      visit = '/v1/visits/' + made.id;
      return api('POST', visit + '/submission', null, kept.token);
    }).then(function () {
      return api('POST', visit + '/return', { reason: 'incomplete' }, coordinator);
    }).then(function () {
      say(t('sent'));
      return refresh();
    });
  }

  function mark(id, how) {
    return api('POST', '/v1/notifications/marks', { marks: [{ notification_id: id, mark: how }] }, kept.token);
  }

  /* The entry that a notification announced. */
  function openEntry(id) {
    if (!kept.token) { say(t('again'), true); return Promise.resolve(); }
    kept.here = id;
    return mark(id, 'opened').then(refresh).then(function () {
      var entry = $('n-' + id);
      if (entry) { entry.scrollIntoView(); }
    });
  }

  function refresh() {
    if (!kept.token) { return Promise.resolve(); }
    return api('GET', '/v1/notifications?limit=20', null, kept.token).then(function (page) {
      var list = $('inbox');
      list.textContent = '';
      page.items.forEach(function (item) {
        var entry = document.createElement('li'), title = document.createElement('strong'), state = document.createElement('span');
        entry.id = 'n-' + item.id;
        entry.className = kept.here === item.id ? 'here' : '';
        title.textContent = zh === 0 ? item.title_zh : item.title_en;
        state.textContent = t(item.opened_at ? 'isOpened' : item.displayed_at ? 'isDisplayed' : 'isNew');
        entry.appendChild(title);
        entry.appendChild(state);
        list.appendChild(entry);
      });
      if (page.items.length === 0) { list.textContent = t('empty'); }
    });
  }

  function on(id, what) {
    $(id).addEventListener('click', function () {
      $(id).disabled = true;
      what().catch(fail).then(keepEnabled);
      function keepEnabled() { $(id).disabled = false; keep(); }
    });
  }

  document.title = zh === 0 ? '浏览器推送' : 'Browser push';
  $('title').textContent = document.title;
  Object.keys(TEXTS).forEach(function (key) { if ($(key)) { $(key).textContent = t(key); } });
  cast.members.forEach(function (member) {
    var option = document.createElement('option');
    option.textContent = member.name + ' (' + member.login + ')';
    $('member').appendChild(option);
  });
  on('bind', bind);
  on('subscribe', subscribe);
  on('local', local);
  on('try', tryIt);
  keep();
  if (!('serviceWorker' in navigator)) { say('Service workers?', true); return; }
  navigator.serviceWorker.register('/demo/worker.js').catch(fail);
  navigator.serviceWorker.addEventListener('message', function (event) {
    var told = event.data || {};
    if (told.displayed) {
      mark(told.displayed, 'displayed').then(refresh).catch(fail);
    } else if (told.opened) {
      openEntry(told.opened).catch(fail);
    }
  });
  if (kept.name) { say(t('bound') + kept.name); }
  refresh().then(function () {
    var asked = /^#open=([0-9a-f-]{36})$/.exec(location.hash);
    if (asked) { return openEntry(asked[1]); }
  }).catch(fail);
  look();
})();
