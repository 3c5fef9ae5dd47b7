//! The OpenAPI document: what the routes say, completed with what every operation shares.
//!
//! utoipa collects paths and schemas; this module adds, once for all, the
//! problems, headers, roles and examples that would otherwise be repeated on
//! each handler. The result is committed as `openapi/openapi.json`.

mod examples;
mod marks;
mod routes;
mod sync;

use serde_json::{Map, Value, json};
use utoipa::PartialSchema;

use crate::auth::policy;
use crate::error::Code;
use crate::http::problem::{AllowedAction, ProblemBody, ProblemError};
use crate::http::text::YearWord;

/// Paths that need no token.
pub const PUBLIC_PATHS: &[&str] = &[
    "/v1/auth/sessions",
    "/v1/auth/refresh",
    "/v1/auth/jwks",
    "/v1/enrolments/redemption",
    "/v1/privacy/never-collected",
    "/v1/sync/receipt-keys",
    "/v1/receipt/view",
    "/v1/receipt/export",
    "/v1/receipt/withdrawals",
    "/v1/receipt/revocation",
    "/v1/receipt/consents",
    "/v1/receipt/requests",
    "/v1/receipt/claims",
    "/v1/calendar/{file}",
    "/v1/channels/wecom/callback",
];

/// Whether a path needs no token: one of those, or of the same parts where one has a parameter.
pub fn is_public(path: &str) -> bool {
    let fits = |template: &str| {
        let mut given = path.split('/');
        let same = template.split('/').all(|part| {
            given
                .next()
                .is_some_and(|g| g == part || part.starts_with('{') && !g.is_empty())
        });
        same && given.next().is_none()
    };
    PUBLIC_PATHS.iter().copied().any(fits)
}

const TAGS: &[(&str, &str)] = &[
    ("sign-in", "Signing in and out, one's own account"),
    (
        "enrolment",
        "One-use codes that bind a phone or help after a loss",
    ),
    ("devices", "Phones and where their pushes go"),
    ("users", "Staff accounts and their assignments"),
    ("areas", "Administrative divisions (行政区划)"),
    ("consents", "Consent, per purpose (同意)"),
    (
        "residents",
        "Floating population, registered by consent (流动人口)",
    ),
    (
        "duplicates",
        "Two records of one person: found, decided, merged, undone (重复登记)",
    ),
    (
        "services",
        "Free services, offered and delivered, and how often (服务)",
    ),
    (
        "liaison",
        "Notices between inflow and outflow areas, handovers, offices elsewhere (协作通报)",
    ),
    (
        "calendar",
        "The working days that every date of the law is counted by (工作日历)",
    ),
    ("households", "Households, local and migrant (家庭)"),
    (
        "member-homes",
        "Member homes and their five possessions (会员之家)",
    ),
    ("visits", "Visits, follow-ups (走访, 回访)"),
    (
        "supervision",
        "What coordinators see to: coverage, what is overdue, what was voiced and is to be answered (督导)",
    ),
    (
        "associations",
        "Associations: their tree, their posts and members (协会)",
    ),
    (
        "assessment",
        "The year-end assessment of associations: schemes, figures and the facts behind them, the process, frozen years (年终考核)",
    ),
    (
        "self-governance",
        "Self-governance of villages: what they adopt, deliberate, decide, do, check and disclose (群众自治)",
    ),
    (
        "funds",
        "Budgets of associations and the ledger of the care fund (经费与关怀基金)",
    ),
    (
        "care",
        "Care programmes and projects, families in care and their contacts (生育关怀)",
    ),
    (
        "insurance",
        "Insurance products, policies and claims (保险)",
    ),
    (
        "campaigns",
        "Festivals, campaigns and their reminders (宣传活动)",
    ),
    (
        "activities",
        "What campaigns come to at their places: planned, reported, confirmed (活动)",
    ),
    ("inbox", "Notifications; a push only announces them"),
    (
        "pushes",
        "How pushes fare: providers, what was set aside, a test",
    ),
    (
        "sync",
        "Phones that were offline: push, pull and what rests",
    ),
    ("audit", "Who did what, when and why"),
    (
        "receipts",
        "A person's own receipt: what is held, who saw it, without an account",
    ),
    (
        "privacy",
        "What is never collected; requests about one's own data",
    ),
    (
        "rights-requests",
        "Rights that people are helped with (权益维护)",
    ),
];

pub struct Contract {
    pub value: Value,
    pub json: String,
    routes: routes::Routes,
}

impl Contract {
    pub fn new(collected: utoipa::openapi::OpenApi) -> Contract {
        let mut value = serde_json::to_value(collected).unwrap_or_default();
        complete(&mut value);
        let mut json = serde_json::to_string_pretty(&value).unwrap_or_default();
        json.push('\n');
        let routes = routes::Routes::of(&value["paths"]);
        Contract {
            value,
            json,
            routes,
        }
    }

    /// For `Allow`: the methods of the template this path matches.
    pub fn methods_of(&self, path: &str) -> Option<String> {
        self.routes.methods_of(path)
    }

    /// The template this path matches, when the document knows the method there.
    pub fn template_of(&self, method: &str, path: &str) -> Option<&str> {
        self.routes.template_of(method, path)
    }

    /// The query parameters of the operation that a request asks for, when there is one.
    pub fn query_of(&self, method: &str, path: &str) -> Option<&[String]> {
        self.routes.query_of(method, path)
    }
}

fn complete(doc: &mut Value) {
    doc["openapi"] = json!("3.1.0");
    doc["info"] = json!({
        "title": "Qianshou (牵手)",
        "version": "1.0.0",
        "summary": "Field work of Family Planning Associations: service by consent",
        "description": DESCRIPTION,
        "contact": { "name": "Qianshou maintainers", "url": "https://qianshou.example/contact" },
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" }
    });
    doc["servers"] = json!([{ "url": "https://api.qianshou.example", "description": "Production: put your association's host here.", "x-internal": false }]);
    doc["security"] = json!([{ "bearer": [] }]);
    shared_components(doc);
    operations(doc);
    used_tags(doc);
    schemas(doc);
    drop_unused_schemas(doc);
    sync::put(doc);
}

const DESCRIPTION: &str = "The API that apps for field members, coordinators, campaign organisers and officers are built against.\n\n\
- Ids are UUIDs; make them on the phone (version 7) or leave them out.\n\
- Instants are RFC 3339 in UTC, days `YYYY-MM-DD` in China, money `{amount, currency}`.\n\
- Lists are pages: follow `next_cursor` until it is null.\n\
- `POST` that creates takes an `Idempotency-Key`; `PATCH` needs `If-Match` with the record's `ETag`, and may be sent as `POST` with `X-HTTP-Method-Override: PATCH`.\n\
- Every refusal is `application/problem+json` with a stable `code`, explained at `/problems/{code}`, and a JSON pointer for each field at fault.\n\
- Ignore fields you do not know; we refuse fields we do not know.\n\
- `x-roles` on an operation says who may ever use it, `x-masked` on a field that it may come masked, `x-area` that it holds an area's code.";

fn shared_components(doc: &mut Value) {
    let components = &mut doc["components"];
    if !components.is_object() {
        *components = json!({});
    }
    components["securitySchemes"] = json!({ "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
        "description": "The access token of a session, a JWT signed with ES256, handled as RFC8725 asks: algorithm pinned, issuer and audience checked. Keys at /v1/auth/jwks." } });
    components["headers"] = json!({
        "RateLimit": { "description": "Requests left and seconds until one is regained.",
            "schema": { "type": "string", "description": "Remaining (r) and reset (t).", "maxLength": 100, "pattern": "^\"[a-z]+\";r=[0-9]+;t=[0-9]+$", "example": "\"default\";r=199;t=1" } },
        "RateLimitPolicy": { "description": "How many requests in how many seconds.",
            "schema": { "type": "string", "description": "Quota (q) and window (w).", "maxLength": 100, "pattern": "^\"[a-z]+\";q=[0-9]+;w=[0-9]+$", "example": "\"default\";q=200;w=4" } },
        "RetryAfter": { "description": "Seconds to wait.",
            "schema": { "type": "integer", "format": "int32", "minimum": 1, "maximum": 86400, "description": "Seconds.", "example": 2 } },
        "ETag": { "description": "The version of the record as rendered; send it as If-Match.",
            "schema": { "type": "string", "description": "A strong entity tag.", "maxLength": 100, "pattern": "^\"[^\"]+\"$", "example": "\"3-f\"" } },
        "Location": { "description": "Where the record is.",
            "schema": { "type": "string", "description": "A path.", "maxLength": 300, "format": "uri-reference", "example": "/v1/residents/019a8c5e-7c00-7000-8000-5a1f0c3e9b11" } }
    });
    let schemas = [
        ("Problem", ProblemBody::schema()),
        ("ProblemError", ProblemError::schema()),
        ("AllowedAction", AllowedAction::schema()),
        // Of paths alone, from which the routes collect none.
        ("YearWord", YearWord::schema()),
    ];
    for (name, schema) in schemas {
        components["schemas"][name] = serde_json::to_value(schema).unwrap_or_default();
    }
    components["responses"] = json!({});
}

/// Problems by status, as they stand in `components.responses`.
fn problem_response(components: &mut Value, status: u16) -> Value {
    let name = format!("Problem{status}");
    if components["responses"][&name].is_null() {
        let codes: Vec<Code> = Code::ALL
            .iter()
            .copied()
            .filter(|c| c.status() == status)
            .collect();
        let first = codes.first().copied().unwrap_or(Code::Internal);
        let list = codes
            .iter()
            .map(|c| format!("`{}`: {}", c.as_str(), c.detail(false)))
            .collect::<Vec<_>>()
            .join("\n\n");
        let mut response = json!({
            "description": list,
            "headers": { "RateLimit": header("RateLimit"), "RateLimit-Policy": header("RateLimitPolicy") },
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" },
                "example": { "type": format!("/problems/{}", first.as_str()), "title": first.title(false), "status": status,
                    "detail": first.detail(false), "instance": "urn:request:019a8c5e7c0070008000", "code": first.as_str(), "errors": [] } } }
        });
        if matches!(status, 429 | 503) {
            response["headers"]["Retry-After"] = header("RetryAfter");
        }
        components["responses"][&name] = response;
    }
    json!({ "$ref": format!("#/components/responses/{name}") })
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

fn operations(doc: &mut Value) {
    let mut components = doc["components"].take();
    let Some(paths) = doc["paths"].as_object_mut() else {
        return;
    };
    for (path, item) in paths.iter_mut() {
        let Some(item) = item.as_object_mut() else {
            continue;
        };
        for (method, op) in item.iter_mut() {
            operation(path, method, op, &mut components);
        }
    }
    doc["components"] = components;
}

fn operation(path: &str, method: &str, op: &mut Value, components: &mut Value) {
    let public = PUBLIC_PATHS.contains(&path);
    let id = op["operationId"].as_str().unwrap_or_default().to_owned();
    if public {
        op["security"] = json!([{}]);
    } else if let Some(o) = op.as_object_mut() {
        o.remove("security");
    }
    if let Some(action) = policy::action_of(&id) {
        op["x-action"] = json!(action.as_str());
        op["x-roles"] = json!(
            action
                .roles()
                .iter()
                .map(|r| r.as_str())
                .collect::<Vec<_>>()
        );
    }
    headers_in(path, method, op);
    let has_body = !op["requestBody"].is_null();
    let has_id = path.contains('{');
    let mut statuses = vec![400, 401, 429, 500, 503];
    if !public || path.starts_with("/v1/receipt/") || path.starts_with("/v1/channels/") {
        statuses.push(403);
    }
    // Whoever comes back from a channel that is not set up any more.
    if path.starts_with("/v1/channels/") {
        statuses.push(409);
    }
    // A record that the body or the query names may be unknown, too, and one that an Idempotency-Key made
    // before may be out of its maker's sight by now.
    let replays = method == "post" && !public && takes_idempotency_key(path);
    if has_id || replays || NAMES_A_RECORD.contains(&id.as_str()) {
        statuses.push(404);
    }
    if has_body {
        statuses.extend([413, 415, 422]);
    }
    // Two records that its path names may not fit each other; what rests may not be done any more as it was
    // written; of an office the keys may be revoked.
    if NOT_AS_IT_STANDS.contains(&id.as_str()) {
        statuses.push(422);
    }
    if matches!(method, "post" | "put") && (has_body || has_id) {
        statuses.push(409);
    }
    if needs_if_match(path, method) {
        statuses.extend([409, 412, 428]);
    }
    // Somebody else may have frozen it, or put another scheme in force, while it was counted.
    if id == "freeze_assessment" {
        statuses.push(412);
    }
    if id == "cancel_policy_import" {
        statuses.push(409);
    }
    // Its cursor may be of a time before a restore, or too old.
    if id == "pull_changes" {
        statuses.extend([409, 410]);
    }
    statuses.sort_unstable();
    statuses.dedup();
    for status in statuses {
        let response = problem_response(components, status);
        op["responses"][status.to_string()] = response;
    }
    if merges(path) {
        op["responses"]["308"] = json!({
            "description": "The record was merged into another one of the same person, which the caller may see: ask there, with the same method and body. Nothing was done.",
            "headers": { "Location": header("Location"), "RateLimit": header("RateLimit"), "RateLimit-Policy": header("RateLimitPolicy") }
        });
    }
    answers(path, method, op);
    if has_body {
        op["requestBody"]["required"] = json!(true);
        if method == "patch" {
            let content = op["requestBody"]["content"].take();
            let media = content["application/json"].clone();
            op["requestBody"]["content"] =
                json!({ "application/json": media, "application/merge-patch+json": media });
        }
    }
}

/// Whether the path names a record that may have been merged into another.
fn merges(path: &str) -> bool {
    path.starts_with("/v1/residents/{id}")
        || path.starts_with("/v1/households/{id}/people/{person_id}")
}

/// Operations without an id in the path that answer 404 for one elsewhere in the request.
const NAMES_A_RECORD: &[&str] = &[
    "list_devices",
    "list_areas",
    "list_area_changes",
    "create_enrolment",
    "withdraw_consent_by_receipt",
    "revoke_by_receipt",
    "get_service_statistics",
    "get_service_reach",
    "get_insurance_statistics",
    "get_liaison_statistics",
    "get_visit_coverage",
    "list_overdue_follow_ups",
    "list_possession_gaps",
    "list_concerns",
    "list_associations",
    "get_member_statistics",
    "list_village_texts",
    "list_deliberations",
    "list_village_decisions",
    "list_implementations",
    "list_village_checks",
    "list_village_disclosures",
    "list_village_opinions",
    "list_leading_examples",
    "list_village_standings",
    "list_village_confirmations",
    "get_self_governance_statistics",
    "get_fund_statistics",
    "get_care_statistics",
    "get_special_family_coverage",
    "list_care_visits",
];

/// Operations without a body that may be refused for what stands in a record.
const NOT_AS_IT_STANDS: &[&str] = &[
    "join_household",
    "release_quarantined_work",
    "export_liaison_notice",
    "export_liaison_withdrawal",
    "submit_assessment_case",
];

/// What changes or approves a record names the version that was read.
fn needs_if_match(path: &str, method: &str) -> bool {
    method == "patch" || path.ends_with("/approval") || path == "/v1/activities/{id}/confirmation"
}

/// Headers that a request may or must carry.
fn headers_in(path: &str, method: &str, op: &mut Value) {
    let mut add = |parameter: Value| {
        if !op["parameters"].is_array() {
            op["parameters"] = json!([]);
        }
        if let Some(list) = op["parameters"].as_array_mut() {
            list.push(parameter);
        }
    };
    let creates = method == "post" && !PUBLIC_PATHS.contains(&path);
    if needs_if_match(path, method) {
        add(
            json!({ "name": "If-Match", "in": "header", "required": true, "description": "The record's ETag.",
            "schema": { "type": "string", "description": "A strong entity tag.", "maxLength": 100, "pattern": "^\"[^\"]+\"$", "example": "\"3-f\"" }, "example": "\"3-f\"" }),
        );
    }
    if creates && crate::openapi::takes_idempotency_key(path) {
        add(
            json!({ "name": "Idempotency-Key", "in": "header", "required": false, "description": "Any text of yours; the same key with the same body makes one record only. Remembered for 400 days.",
            "schema": { "type": "string", "description": "A key.", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$", "example": "9b2c7c1e" }, "example": "9b2c7c1e" }),
        );
    }
    add(
        json!({ "name": "Accept-Language", "in": "header", "required": false, "description": "zh-CN or en, for problems.",
        "schema": { "type": "string", "description": "A language range.", "maxLength": 100, "pattern": "^[A-Za-z0-9*,;=. -]+$", "example": "zh-CN" }, "example": "zh-CN" }),
    );
    if method == "get" && path.ends_with('}') {
        add(
            json!({ "name": "If-None-Match", "in": "header", "required": false, "description": "An ETag you hold; 304 when it still holds.",
            "schema": { "type": "string", "description": "A strong entity tag.", "maxLength": 200, "pattern": "^[^\\u0000]+$", "example": "\"3-f\"" }, "example": "\"3-f\"" }),
        );
    }
}

/// Creates that answer a record, not a secret. A create posts to a collection, whose name is
/// a plural; a transition or a look-up posts to a noun in the singular.
pub fn takes_idempotency_key(path: &str) -> bool {
    (path.ends_with('s') || path.ends_with("/people"))
        && !path.ends_with("/receipts")
        && !["/v1/enrolments", "/v1/notifications/marks"].contains(&path)
}

/// Headers of the answers.
fn answers(path: &str, method: &str, op: &mut Value) {
    let Some(responses) = op["responses"].as_object_mut() else {
        return;
    };
    let mut not_modified = false;
    for (status, response) in responses.iter_mut().filter(|(s, _)| s.starts_with('2')) {
        response["headers"]["RateLimit"] = header("RateLimit");
        response["headers"]["RateLimit-Policy"] = header("RateLimitPolicy");
        let one_record = path.ends_with('}') || method == "patch";
        if one_record && method != "delete" {
            response["headers"]["ETag"] = header("ETag");
            not_modified = method == "get";
        }
        if matches!(status.as_str(), "201" | "202") && !PUBLIC_PATHS.contains(&path) {
            response["headers"]["Location"] = header("Location");
        }
    }
    if not_modified {
        responses.insert("304".into(), json!({ "description": "Unchanged since the ETag you hold.", "headers": { "ETag": header("ETag") } }));
    }
}

fn used_tags(doc: &mut Value) {
    let mut used = std::collections::BTreeSet::new();
    for op in each_operation(doc) {
        if let Some(tag) = op["tags"][0].as_str() {
            used.insert(tag.to_owned());
        }
    }
    let tags: Vec<Value> = TAGS
        .iter()
        .filter(|(name, _)| used.contains(*name))
        .map(|(name, about)| json!({ "name": name, "description": about }))
        .collect();
    doc["tags"] = json!(tags);
}

/// Every operation object of a document.
pub fn each_operation(doc: &Value) -> impl Iterator<Item = &Value> {
    let paths = doc["paths"]
        .as_object()
        .into_iter()
        .flat_map(|p| p.values());
    paths.flat_map(|item| item.as_object().into_iter().flat_map(|i| i.values()))
}

/// Closes request bodies, moves `examples` to `example`, and composes each object's example from its members'.
fn schemas(doc: &mut Value) {
    let mut requests = std::collections::BTreeSet::new();
    for op in each_operation(doc) {
        collect_refs(&op["requestBody"], &mut requests);
    }
    let mut all = doc["components"]["schemas"].take();
    let mut closed = requests.clone();
    loop {
        let before = closed.len();
        for name in closed.clone() {
            collect_refs(&all[&name], &mut closed);
        }
        if closed.len() == before {
            break;
        }
    }
    if let Some(map) = all.as_object_mut() {
        for (name, schema) in map.iter_mut() {
            tidy(schema);
            if closed.contains(name) && schema["type"] == "object" {
                schema["additionalProperties"] = json!(false);
            }
        }
    }
    marks::mark(&mut all, &closed);
    examples::put(&mut all);
    let source = all.clone();
    if let Some(map) = all.as_object_mut() {
        for (_, schema) in map.iter_mut() {
            if let (true, Some(example)) =
                (schema["example"].is_null(), example_of(&source, schema, 0))
            {
                schema["example"] = example;
            }
            if schema["description"].is_null() {
                schema["description"] = json!("A value.");
            }
        }
    }
    doc["components"]["schemas"] = all;
    if let Some(paths) = doc["paths"].as_object_mut() {
        paths.values_mut().for_each(tidy);
    }
}

fn collect_refs(value: &Value, into: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                match inner
                    .as_str()
                    .filter(|_| key == "$ref")
                    .and_then(|r| r.strip_prefix("#/components/schemas/"))
                {
                    Some(name) => {
                        into.insert(name.to_owned());
                    }
                    None => collect_refs(inner, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|i| collect_refs(i, into)),
        _ => {}
    }
}

/// 3.1 `examples` are checked by no linter: one `example` is. Integers get their bounds' format.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(first) = map
                .get("examples")
                .and_then(|e| e.as_array())
                .and_then(|e| e.first())
                .cloned()
            {
                map.remove("examples");
                map.entry("example").or_insert(first);
            }
            // What serde leaves out is absent, not null.
            if map.get("default").is_some_and(Value::is_null) {
                map.remove("default");
            }
            // The element type carries its own words.
            let is_integer = map.get("type").is_some_and(|t| {
                t == "integer" || t.as_array().is_some_and(|a| a.contains(&json!("integer")))
            });
            if is_integer {
                map.entry("format").or_insert(json!("int64"));
                map.entry("minimum")
                    .or_insert(json!(-9_007_199_254_740_991i64));
                map.entry("maximum")
                    .or_insert(json!(9_007_199_254_740_991i64));
            }
            map.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// An example made of the members' own examples, so that it validates by construction.
fn example_of(all: &Value, schema: &Value, depth: usize) -> Option<Value> {
    if depth > 20 {
        return None;
    }
    if !schema["example"].is_null() {
        return Some(schema["example"].clone());
    }
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|r| r.strip_prefix("#/components/schemas/"))
    {
        return example_of(all, &all[name], depth + 1);
    }
    if let Some(first) = schema["enum"].as_array().and_then(|e| e.first()) {
        return Some(first.clone());
    }
    if let Some(options) = schema["oneOf"]
        .as_array()
        .or_else(|| schema["anyOf"].as_array())
    {
        return options
            .iter()
            .filter(|o| o["type"] != "null")
            .find_map(|o| example_of(all, o, depth + 1));
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return parts.iter().find_map(|o| example_of(all, o, depth + 1));
    }
    if schema["type"] == "array" {
        return Some(json!(
            example_of(all, &schema["items"], depth + 1)
                .into_iter()
                .collect::<Vec<_>>()
        ));
    }
    let properties = schema["properties"].as_object()?;
    let mut out = Map::new();
    for (name, property) in properties {
        // A phone leaves ids to the server unless it has a reason, and so do the examples.
        let required = schema["required"]
            .as_array()
            .is_some_and(|r| r.contains(&json!(name)));
        if name == "id" && !required {
            continue;
        }
        if let Some(example) = example_of(all, property, depth + 1) {
            out.insert(name.clone(), example);
        }
    }
    Some(Value::Object(out))
}

/// utoipa lists every schema it met; a component that nothing refers to is dropped.
fn drop_unused_schemas(doc: &mut Value) {
    let mut used = std::collections::BTreeSet::new();
    collect_refs(&doc["paths"], &mut used);
    collect_refs(&doc["components"]["responses"], &mut used);
    loop {
        let before = used.len();
        for name in used.clone() {
            collect_refs(&doc["components"]["schemas"][&name], &mut used);
        }
        if used.len() == before {
            break;
        }
    }
    if let Some(schemas) = doc["components"]["schemas"].as_object_mut() {
        schemas.retain(|name, _| used.contains(name));
    }
}
