//! Whatever happens in whichever order: no notice tells more than its kind knows, the person agreed to and consents to.

use diesel::prelude::*;
use std::collections::BTreeSet;

use crate::both;
use crate::support::make::{at, withdraw};
use crate::support::notices::*;
use crate::support::phones::{given, id_of};
use crate::support::*;
use qianshou::db::Uid;
use qianshou::db::schema::{liaison_fields, liaison_notices};
use qianshou::liaison::disclosure::{BY_TEXT, of_kind, purpose, purposes};
use qianshou::liaison::model::{LiaisonField, LiaisonKind};
use qianshou::people::model::Purpose;
use qianshou::sync::Kind;

both! {
    async fn disclosure_never_exceeds_consent_and_kind(app) {
        let s = sides(app).await;
        for seed in 1..=4 {
            Course::new(app, &s, seed).await.played().await;
        }
    }
}

/// Somebody about whom notices are drafted, amended, sent and answered, while they agree and withdraw, in an order that
/// a seed brings back.
struct Course<'a> {
    app: &'a TestApp,
    s: &'a Sides,
    seed: u64,
    dice: u64,
    resident: Value,
    purposes: BTreeSet<Purpose>,
    fields: BTreeSet<LiaisonField>,
    refused: usize,
}

/// What may be withdrawn and given anew.
const GIVEN: [Purpose; 3] = [
    Purpose::LiaisonWithHomeArea,
    Purpose::ServiceFollowUp,
    Purpose::Insurance,
];

impl<'a> Course<'a> {
    async fn new(app: &'a TestApp, s: &'a Sides, seed: u64) -> Course<'a> {
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let person = resident["person_id"].as_str().unwrap();
        let household = make::household(&s.member).await;
        let join = format!("{}/people/{person}", at("households", &household));
        s.member.put(&join, json!(null)).await.expect(200);
        let policy = make::policy(&household, &json!({ "id": person }));
        s.member.post("/v1/policies", policy).await.expect(201);
        Course {
            app,
            s,
            seed,
            dice: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            resident,
            purposes: GIVEN.into_iter().collect(),
            fields: BTreeSet::new(),
            refused: 0,
        }
    }

    fn below(&mut self, n: usize) -> usize {
        self.dice = self
            .dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.dice >> 33) as usize) % n
    }

    fn some_fields(&mut self, most: usize) -> Vec<LiaisonField> {
        let count = 1 + self.below(most);
        let picked: BTreeSet<LiaisonField> = (0..count)
            .map(|_| LiaisonField::ALL[self.below(LiaisonField::ALL.len())])
            .collect();
        picked.into_iter().collect()
    }

    /// Fields of a kind for the most part; one that it does not know is refused.
    fn fields_of(&mut self, kind: LiaisonKind) -> Vec<LiaisonField> {
        let mut fields = self.some_fields(4);
        if self.below(4) > 0 {
            fields.retain(|field| of_kind(kind).contains(field));
        }
        fields
    }

    fn may(&self, kind: LiaisonKind, field: LiaisonField) -> bool {
        let agreed = BY_TEXT.contains(&field) || self.fields.contains(&field);
        let mut needed = purposes(kind).iter().copied().chain([purpose(field)]);
        let consented = needed.all(|p| self.purposes.contains(&p));
        of_kind(kind).contains(&field) && agreed && consented
    }

    /// The notices of a box about this person that stand in this state.
    async fn boxed(&self, who: &Client, side: &str, state: &str) -> Vec<Value> {
        let path = format!("{NOTICES}?side={side}&state={state}&limit=200");
        let page = who.get(&path).await.expect(200);
        let mut all = page["items"].as_array().unwrap().clone();
        all.retain(|one| side == "in" || one["person_id"] == self.resident["person_id"]);
        all
    }

    async fn consents(&self) -> String {
        format!("{}/consents", at("residents", &self.resident))
    }

    async fn moves(&mut self) {
        let (s, resident) = (self.s, self.resident.clone());
        match self.below(12) {
            0..=3 => {
                let kinds = [
                    LiaisonKind::RegistrationNotice,
                    LiaisonKind::ServiceReferral,
                    LiaisonKind::InformationRequest,
                    LiaisonKind::InsuranceContinuation,
                    LiaisonKind::DepartureNotice,
                ];
                let kind = kinds[self.below(kinds.len())];
                let fields = self.fields_of(kind);
                let mut body =
                    json!({ "kind": kind, "person_id": resident["person_id"], "fields": fields });
                if kind == LiaisonKind::InformationRequest {
                    body["topics"] = json!(["contact_office"]);
                }
                let answer = s.member.post(NOTICES, body).await;
                // They live here all along: nobody tells of a departure.
                let may = kind != LiaisonKind::DepartureNotice
                    && !fields.is_empty()
                    && fields.iter().all(|field| self.may(kind, *field));
                assert_eq!(
                    answer.status == 201,
                    may,
                    "{kind} {fields:?}: {}",
                    answer.text
                );
                self.refused += usize::from(!may);
            }
            4..=5 => {
                let fields = self.some_fields(12);
                let path = format!("{}/liaison-fields", at("residents", &resident));
                let answer = s.member.put(&path, json!({ "fields": fields })).await;
                let may = self.purposes.contains(&Purpose::LiaisonWithHomeArea);
                assert_eq!(answer.status == 200, may, "{}", answer.text);
                if may {
                    self.fields = fields.into_iter().collect();
                }
            }
            6 => {
                let which = GIVEN[self.below(GIVEN.len())];
                // The first of them takes all along: seldom.
                if which == Purpose::LiaisonWithHomeArea && self.below(3) > 0 {
                    return;
                }
                let consents = self.consents().await;
                if self.purposes.remove(&which) {
                    withdraw(&s.member, &consents, which.as_str()).await;
                } else {
                    let again = make::consent_again(which.as_str());
                    s.member.post(&consents, again).await.expect(201);
                    self.purposes.insert(which);
                }
                // What was agreed to item by item was a part of that consent.
                if which == Purpose::LiaisonWithHomeArea {
                    self.fields.clear();
                }
            }
            7..=8 => {
                if let Some(draft) = self.boxed(&s.member, "out", "draft").await.first() {
                    let answer = s
                        .coordinator
                        .post(&step(draft, "dispatch"), json!(null))
                        .await;
                    assert!([200, 403].contains(&answer.status), "{}", answer.text);
                }
            }
            9 => {
                let drafts = self.boxed(&s.member, "out", "draft").await;
                if let Some(draft) = drafts.first() {
                    let kind: LiaisonKind = draft["kind"].as_str().unwrap().parse().unwrap();
                    let fields = self.fields_of(kind);
                    let path = at("liaison-notices", draft);
                    let etag = s.member.get(&path).await.etag();
                    let answer = s
                        .member
                        .patch(&path, &etag, json!({ "fields": fields }))
                        .await;
                    let may = !fields.is_empty() && fields.iter().all(|f| self.may(kind, *f));
                    assert_eq!(
                        answer.status == 200,
                        may,
                        "{kind} {fields:?}: {}",
                        answer.text
                    );
                }
            }
            10 => {
                for came in self.boxed(&s.home, "in", "sent").await {
                    s.home
                        .post(&step(&came, "reception"), json!({}))
                        .await
                        .expect(200);
                }
            }
            _ => {
                let came = self.boxed(&s.home, "in", "received").await;
                if let Some(came) = came.first() {
                    let word = ["acceptance", "rejection"][self.below(2)];
                    let body = match word {
                        "rejection" => json!({ "note": "查无此人。" }),
                        _ => json!({}),
                    };
                    s.home.post(&step(came, word), body).await.expect(200);
                }
            }
        }
    }

    /// What rests and what is shown, in lists, by itself and on phones: nothing that may not be told now.
    async fn looked_at(&self) {
        type Told = (Uid, LiaisonKind, LiaisonField);
        let rests: Vec<Told> = liaison_fields::table
            .inner_join(liaison_notices::table)
            .filter(liaison_fields::value.is_not_null())
            .filter(liaison_notices::person_id.eq(person_of(&self.resident)))
            .select((
                liaison_notices::id,
                liaison_notices::kind,
                liaison_fields::field,
            ))
            .load(&mut self.app.connection())
            .unwrap();
        for (_, kind, field) in &rests {
            let (seed, agreed, purposes) = (self.seed, &self.fields, &self.purposes);
            assert!(
                self.may(*kind, *field),
                "seed {seed}: {kind} tells {field}, agreed to are {agreed:?} for {purposes:?}"
            );
        }
        for (who, side) in [(&self.s.member, "out"), (&self.s.home, "in")] {
            let page = who
                .get(&format!("{NOTICES}?side={side}&limit=200"))
                .await
                .expect(200);
            let shown = page["items"].as_array().unwrap();
            let ids: Vec<Uid> = shown.iter().map(id_of).collect();
            let phones = given(self.app, who, Kind::LiaisonNotice, &ids).await;
            for notice in shown {
                let id = id_of(notice);
                let of_row = rests.iter().filter(|(of, ..)| *of == id);
                let stands: BTreeSet<String> = of_row.map(|(.., f)| f.to_string()).collect();
                let words = |notice: &Value| told(notice).into_keys().collect::<BTreeSet<_>>();
                if side == "out" && notice["person_id"] != self.resident["person_id"] {
                    continue;
                }
                if side == "in" && stands.is_empty() {
                    continue;
                }
                assert_eq!(words(notice), stands);
                assert_eq!(words(&phones[&id]), stands);
            }
        }
    }

    async fn played(mut self) {
        for _ in 0..60 {
            self.moves().await;
            self.looked_at().await;
        }
        assert!(self.refused > 0, "seed {} never asked too much", self.seed);
    }
}

fn person_of(resident: &Value) -> Uid {
    resident["person_id"].as_str().unwrap().parse().unwrap()
}
