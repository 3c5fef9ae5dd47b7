//! The bare limit: the same rows and the same queries on the same database facade, and nothing else.

use actix_web::{App, HttpResponse, HttpServer, web};
use diesel::dsl::exists;
use diesel::prelude::*;
use std::sync::Arc;

use qianshou::audit::{self, Entry};
use qianshou::auth::policy::Role;
use qianshou::auth::rights::{Grant, Rights, Who};
use qianshou::auth::{Action, Placed};
use qianshou::config::Config;
use qianshou::db::schema::{consents, persons, residents};
use qianshou::db::{Db, Json, Micros, Uid, connect};
use qianshou::people::model::*;
use qianshou::residents::model::*;
use qianshou::{areas, people, sync};

struct Peer {
    db: Db,
    person: PersonRow,
    resident: ResidentRow,
    episode: EpisodeRow,
    consent: ConsentRow,
    who: Who,
}

pub fn run(url: &str, user: &str) {
    let config = Config::from_parts(
        None,
        &Default::default(),
        &vec![("database.url", url.to_owned())],
    )
    .unwrap();
    let mut c = connect(&config.target().unwrap(), false).unwrap();
    let area = areas::store::by_code(&mut c, "330402007024")
        .unwrap()
        .unwrap();
    let person: PersonRow = persons::table
        .select(PersonRow::as_select())
        .first(&mut c)
        .unwrap();
    let resident: ResidentRow = residents::table
        .select(ResidentRow::as_select())
        .first(&mut c)
        .unwrap();
    let consent: ConsentRow = consents::table
        .select(ConsentRow::as_select())
        .first(&mut c)
        .unwrap();
    let user: Uid = user.parse().unwrap();
    let place = area.place();
    let episode = EpisodeRow {
        id: Uid::NIL,
        version: 1,
        field_versions: "{}".into(),
        resident_id: resident.id,
        person_id: person.id,
        area_id: area.id,
        area_code: area.code,
        address: None,
        from_day: resident.arrived_on,
        to_day: None,
        reason: resident.reason,
        left_reason: None,
        created_by: user,
        created_at: Micros(0),
        updated_at: Micros(0),
    };
    let grant = Grant {
        role: Role::Coordinator,
        area: area.id,
        area_code: String::new(),
        place,
        counties: vec![],
        cities: vec![],
        town: area.town,
        village: None,
        starts_at: Micros(0),
        ends_at: None,
    };
    let rights = Rights {
        active: true,
        grants: vec![grant],
        ..Rights::none()
    };
    let who = Who {
        by: qianshou::auth::rights::By::Account,
        user,
        session: user,
        device: None,
        at: Micros(1),
        request_id: "019a8c5e7c0070008000000000000000".into(),
        rights: Arc::new(rights),
    };
    let peer = web::Data::new(Peer {
        db: Db::open(config.db_options().unwrap()).unwrap(),
        person,
        resident,
        episode,
        consent,
        who,
    });
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || {
            App::new()
                .app_data(peer.clone())
                .route("/create", web::post().to(create))
                .route("/read/{id}", web::get().to(read))
                .route("/list", web::get().to(list))
        })
        .workers(2)
        .bind("127.0.0.1:0")
        .unwrap();
        eprintln!("{{\"address\":\"{}\"}}", server.addrs()[0]);
        server.run().await.unwrap();
    });
}

/// The same rows: person, resident, stay, consent, two audit entries, two feed rows.
async fn create(peer: web::Data<Peer>) -> HttpResponse {
    let now = Micros(jiff::Timestamp::now().as_microsecond());
    let (person_id, id) = (Uid::new(now), Uid::new(now));
    let data = peer.clone();
    let result = peer.db.write(move |c| {
        people::store::insert(
            c,
            &PersonRow {
                id: person_id,
                ..data.person.clone()
            },
        )?;
        let resident = ResidentRow {
            id,
            person_id,
            registered_by: data.who.user,
            needs: Json(data.resident.needs.0.clone()),
            ..data.resident.clone()
        };
        qianshou::residents::store::insert(c, &resident)?;
        qianshou::residents::store::insert_episode(
            c,
            &EpisodeRow {
                id: Uid::new(now),
                resident_id: id,
                person_id,
                ..data.episode.clone()
            },
        )?;
        let consent = Uid::new(now);
        people::store::insert_consent(
            c,
            &ConsentRow {
                id: consent,
                person_id,
                ..data.consent.clone()
            },
        )?;
        audit::record(
            c,
            &data.who,
            Entry::new(Action::ConsentWrite, "consent", consent, resident.place()),
        )?;
        audit::record(
            c,
            &data.who,
            Entry::new(Action::ResidentRegister, "resident", id, resident.place()),
        )?;
        let change = qianshou::residents::feed::change(&data.who, &resident, 1);
        sync::record_change(c, change)
    });
    match result.await {
        Ok(()) => HttpResponse::Created().json(serde_json::json!({ "id": id })),
        Err(e) => HttpResponse::InternalServerError().body(format!("{e:?}")),
    }
}

async fn read(peer: web::Data<Peer>, id: web::Path<String>) -> HttpResponse {
    let id: Uid = id.parse().unwrap();
    let row = peer.db.read(move |c| {
        let resident: ResidentRow = residents::table
            .find(id)
            .filter(exists(consented()))
            .select(ResidentRow::as_select())
            .first(c)?;
        let person = people::store::find(c, resident.person_id)?;
        Ok((resident, person))
    });
    match row.await {
        Ok((resident, person)) => {
            HttpResponse::Ok().json(bare(&resident, person.as_ref().unwrap()))
        }
        Err(e) => HttpResponse::InternalServerError().body(format!("{e:?}")),
    }
}

async fn list(peer: web::Data<Peer>) -> HttpResponse {
    let town = peer.resident.town;
    let rows = peer.db.read(move |c| {
        let rows: Vec<(ResidentRow, PersonRow)> = residents::table
            .inner_join(persons::table)
            .filter(residents::town.eq(town))
            .filter(residents::state.eq(ResidentState::Active))
            .filter(exists(consented()))
            .select((ResidentRow::as_select(), PersonRow::as_select()))
            .order(residents::id.desc())
            .limit(51)
            .load(c)?;
        Ok(rows)
    });
    match rows.await {
        Ok(rows) => {
            HttpResponse::Ok().json(rows.iter().map(|(r, p)| bare(r, p)).collect::<Vec<_>>())
        }
        Err(e) => HttpResponse::InternalServerError().body(format!("{e:?}")),
    }
}

#[diesel::dsl::auto_type]
fn consented() -> _ {
    consents::table
        .filter(consents::person_id.eq(residents::person_id))
        .filter(consents::purpose.eq("registration"))
        .filter(consents::withdrawn_at.is_null())
}

/// About as many bytes as the real answer, without opening anything.
fn bare(r: &ResidentRow, p: &PersonRow) -> serde_json::Value {
    serde_json::json!({ "id": r.id, "person_id": p.id, "version": r.version, "name": p.name.len(), "phone": p.phone_index.as_ref().map(Vec::len),
        "area": p.area_code, "home_area": r.home_area_code, "arrived_on": r.arrived_on, "reason": r.reason, "expected_stay": r.expected_stay,
        "needs": r.needs.0, "sex": p.sex, "birth_year": p.birth_year, "registered_by": r.registered_by, "assignee": r.assignee,
        "created_at": r.created_at, "updated_at": r.updated_at, "state": r.state, "household_id": p.household_id })
}
