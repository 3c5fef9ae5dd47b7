/* What runs in the browser when the page is closed: it shows a push and, touched, brings the inbox up. It holds no
   token: the page reads and marks the inbox. */
'use strict';

self.addEventListener('install', function () { self.skipWaiting(); });
self.addEventListener('activate', function (event) { event.waitUntil(self.clients.claim()); });

function pages() {
  return self.clients.matchAll({ type: 'window', includeUncontrolled: true }).then(function (all) {
    return all.filter(function (page) { return new URL(page.url).pathname === '/demo/push'; });
  });
}

function tell(what) {
  return pages().then(function (all) {
    all.forEach(function (page) { page.postMessage(what); });
    return all;
  });
}

/* A push announces an entry of the inbox: a title, ids, a count. One that comes twice replaces itself. */
function show(text) {
  var told = JSON.parse(text);
  var shown = { tag: told.notification_id, data: told, lang: 'zh-CN' };
  return self.registration.showNotification(told.title, shown).then(function () {
    return tell({ displayed: told.notification_id });
  });
}

function opened(notification) {
  var id = notification.data.notification_id;
  notification.close();
  return tell({ opened: id }).then(function (all) {
    if (all.length === 0) { return self.clients.openWindow('/demo/push#open=' + id); }
    /* Only a touch may bring a window to the front; the entry opens all the same. */
    return all[0].focus().catch(function () {});
  });
}

self.addEventListener('push', function (event) {
  if (event.data) { event.waitUntil(show(event.data.text())); }
});
/* From the page, when it is its own browser. */
self.addEventListener('message', function (event) {
  if (event.data && event.data.push) { event.waitUntil(show(event.data.push)); }
});
self.addEventListener('notificationclick', function (event) { event.waitUntil(opened(event.notification)); });
