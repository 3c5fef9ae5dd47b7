//! The schema of `messages:send`, field by field, from Google's reference.

/// The type of a field.
#[derive(Debug)]
pub(super) enum Kind {
    Text,
    Bool,
    Int32,
    Float,
    /// `"3.5s"`.
    Duration,
    /// RFC 3339.
    Timestamp,
    Enum(&'static str, &'static [&'static str]),
    /// A map from text to text.
    TextMap,
    /// Any object.
    Struct,
    List(&'static Kind),
    Object(&'static Schema),
}

/// The fields of an object.
#[derive(Debug)]
pub(super) struct Schema {
    /// Its protobuf name.
    pub(super) name: &'static str,
    pub(super) fields: &'static [(&'static str, Kind)],
}

use Kind::{Bool, Duration, Enum, Float, Int32, List, Object, Struct, Text, TextMap, Timestamp};

macro_rules! schema {
    ($constant:ident, $name:literal, { $($field:literal: $kind:expr),* $(,)? }) => {
        pub(super) static $constant: Schema = Schema {
            name: concat!("type.googleapis.com/google.firebase.fcm.v1.", $name),
            fields: &[$(($field, $kind)),*],
        };
    };
}

schema!(REQUEST, "SendMessageRequest", {
    "message": Object(&MESSAGE),
    "validateOnly": Bool,
});

schema!(MESSAGE, "Message", {
    "token": Text,
    "data": TextMap,
    "notification": Object(&NOTIFICATION),
    "android": Object(&ANDROID),
    "apns": Object(&APNS),
    "webpush": Object(&WEBPUSH),
    "fcmOptions": Object(&FCM_OPTIONS),
    "topic": Text,
    "condition": Text,
    "name": Text,
});

schema!(NOTIFICATION, "Notification", {
    "title": Text,
    "body": Text,
    "image": Text,
});

schema!(FCM_OPTIONS, "FcmOptions", { "analyticsLabel": Text });

schema!(ANDROID, "AndroidConfig", {
    "collapseKey": Text,
    "priority": Enum("AndroidMessagePriority", &["NORMAL", "HIGH"]),
    "ttl": Duration,
    "restrictedPackageName": Text,
    "data": TextMap,
    "notification": Object(&ANDROID_NOTIFICATION),
    "fcmOptions": Object(&ANDROID_FCM_OPTIONS),
    "directBootOk": Bool,
    "bandwidthConstrainedOk": Bool,
    "restrictedSatelliteOk": Bool,
});

schema!(ANDROID_FCM_OPTIONS, "AndroidFcmOptions", { "analyticsLabel": Text });

schema!(ANDROID_NOTIFICATION, "AndroidNotification", {
    "title": Text,
    "body": Text,
    "icon": Text,
    "color": Text,
    "sound": Text,
    "tag": Text,
    "clickAction": Text,
    "bodyLocKey": Text,
    "bodyLocArgs": List(&Text),
    "titleLocKey": Text,
    "titleLocArgs": List(&Text),
    "channelId": Text,
    "ticker": Text,
    "sticky": Bool,
    "eventTime": Timestamp,
    "localOnly": Bool,
    "notificationPriority": Enum("NotificationPriority", &[
        "PRIORITY_UNSPECIFIED",
        "PRIORITY_MIN",
        "PRIORITY_LOW",
        "PRIORITY_DEFAULT",
        "PRIORITY_HIGH",
        "PRIORITY_MAX",
    ]),
    "defaultSound": Bool,
    "defaultVibrateTimings": Bool,
    "defaultLightSettings": Bool,
    "vibrateTimings": List(&Duration),
    "visibility": Enum("Visibility", &["VISIBILITY_UNSPECIFIED", "PRIVATE", "PUBLIC", "SECRET"]),
    "notificationCount": Int32,
    "lightSettings": Object(&LIGHT_SETTINGS),
    "image": Text,
    "bypassProxyNotification": Bool,
    "proxy": Enum("Proxy", &["PROXY_UNSPECIFIED", "ALLOW", "DENY", "IF_PRIORITY_LOWERED"]),
});

schema!(LIGHT_SETTINGS, "LightSettings", {
    "color": Object(&COLOR),
    "lightOnDuration": Duration,
    "lightOffDuration": Duration,
});

schema!(COLOR, "Color", {
    "red": Float,
    "green": Float,
    "blue": Float,
    "alpha": Float,
});

schema!(WEBPUSH, "WebpushConfig", {
    "headers": TextMap,
    "data": TextMap,
    "notification": Struct,
    "fcmOptions": Object(&WEBPUSH_FCM_OPTIONS),
});

schema!(WEBPUSH_FCM_OPTIONS, "WebpushFcmOptions", {
    "link": Text,
    "analyticsLabel": Text,
});

schema!(APNS, "ApnsConfig", {
    "headers": TextMap,
    "payload": Struct,
    "fcmOptions": Object(&APNS_FCM_OPTIONS),
    "liveActivityToken": Text,
});

schema!(APNS_FCM_OPTIONS, "ApnsFcmOptions", {
    "analyticsLabel": Text,
    "image": Text,
});
