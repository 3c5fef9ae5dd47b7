//! What the two sets of migrations make: the same tables, the same columns, and no place for personal data
//! but the one meant for it.

use crate::support::*;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use qianshou::db::{Target, connect, migrate};
use std::collections::{BTreeMap, BTreeSet};

#[derive(QueryableByName, Debug)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Integer)]
    required: i32,
}

pub type Columns = BTreeMap<(String, String), (String, bool)>;

pub fn columns(c: &mut qianshou::db::DbConn) -> Columns {
    let sql = if c.is_sqlite() {
        "SELECT m.name AS table_name, p.name AS column_name, p.type AS kind, (p.\"notnull\" OR p.pk > 0) AS required \
         FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'"
    } else {
        "SELECT table_name::text, column_name::text, data_type::text || COALESCE(' ' || collation_name, '') AS kind, \
         (CASE WHEN is_nullable = 'NO' THEN 1 ELSE 0 END)::int AS required FROM information_schema.columns \
         WHERE table_schema = 'public' AND left(table_name, 2) <> '__'"
    };
    let rows: Vec<Column> = diesel::sql_query(sql).load(c).unwrap();
    rows.into_iter()
        .map(|r| ((r.table_name, r.column_name), (r.kind, r.required == 1)))
        .collect()
}

pub fn sqlite() -> qianshou::db::DbConn {
    let path = scratch().join(format!("schema{}.db", make::unique()));
    let mut c = connect(&Target::Sqlite(path.display().to_string()), true).unwrap();
    migrate::run(&mut c).unwrap();
    c
}

#[test]
fn both_sets_of_migrations_have_the_same_names() {
    let names = |backend: &str| -> BTreeSet<String> {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations")
            .join(backend);
        std::fs::read_dir(dir)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
}

#[test]
fn both_databases_have_the_same_columns() {
    let Some(cluster) = postgres::cluster() else {
        return;
    };
    let mut pg = connect(&Target::Postgres(cluster.empty_database()), true).unwrap();
    assert!(!migrate::pending(&mut pg).unwrap().is_empty());
    migrate::run(&mut pg).unwrap();
    assert!(migrate::pending(&mut pg).unwrap().is_empty());
    let (lite, pg) = (columns(&mut sqlite()), columns(&mut pg));
    assert_eq!(
        lite.keys().collect::<Vec<_>>(),
        pg.keys().collect::<Vec<_>>()
    );
    for (at, (kind, required)) in &lite {
        let (pg_kind, pg_required) = &pg[at];
        assert_eq!(required, pg_required, "{at:?} may be NULL on one side only");
        let fits = match kind.as_str() {
            "INTEGER" => ["bigint", "boolean"].contains(&pg_kind.as_str()),
            "BLOB" => ["uuid", "bytea"].contains(&pg_kind.as_str()),
            // Under another collation the prefix range of area codes is wrong.
            "TEXT" => pg_kind == "text C",
            _ => false,
        };
        assert!(fits, "{at:?} is {kind} and {pg_kind}");
    }
    assert!(lite.keys().map(|(t, _)| t).collect::<BTreeSet<_>>().len() > 15);
}

#[test]
fn sqlite_tables_are_strict() {
    #[derive(QueryableByName)]
    struct Made {
        #[diesel(sql_type = Text)]
        sql: String,
    }
    let made: Vec<Made> = diesel::sql_query("SELECT sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_\\_%' ESCAPE '\\'").load(&mut sqlite()).unwrap();
    for table in made {
        assert!(table.sql.trim_end().ends_with("STRICT"), "{}", table.sql);
    }
}

/// A migration must also go back.
#[test]
fn migrations_revert() {
    use diesel::connection::SimpleConnection;
    let mut c = sqlite();
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let mut names: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    names.sort();
    for path in names.iter().rev() {
        c.batch_execute(&std::fs::read_to_string(path.join("down.sql")).unwrap())
            .unwrap();
    }
    assert!(columns(&mut c).is_empty());
}

/// Names of columns that sound like personal data, outside `persons`: each with why it is none.
const SOUNDS_PERSONAL: &[(&str, &str, &str)] = &[
    ("area_codes", "area_id", "an area"),
    ("area_codes", "name", "the name of an area in an edition"),
    ("areas", "name", "the name of an area"),
    ("area_changes", "old_name", "the name of an area"),
    ("area_changes", "new_name", "the name of an area"),
    (
        "devices",
        "name",
        "what its owner calls a phone, such as Redmi 12",
    ),
    (
        "member_homes",
        "site_address",
        "a public place, for everybody to find",
    ),
    ("users", "display_name", "a colleague's name, sealed"),
    (
        "households",
        "address",
        "sealed under the household's own data key",
    ),
    (
        "residence_episodes",
        "address",
        "sealed under the person's data key",
    ),
    ("persons", "name", "the place meant for it"),
    ("persons", "phone", "the place meant for it"),
    ("persons", "phone_index", "a keyed hash"),
    ("persons", "address", "the place meant for it"),
    ("persons", "document", "the place meant for it"),
    ("persons", "document_kind", "a word of a list"),
    ("persons", "document_index", "a keyed hash"),
    ("persons", "birth_year", "the year alone, by consent"),
    ("persons", "sex", "by consent, as in GB/T 2261.1"),
];

#[test]
fn personal_data_stands_in_one_place() {
    let suspicious = [
        "name",
        "phone",
        "mobile",
        "address",
        "document",
        "id_number",
        "birth",
        "sex",
        "email",
        "wechat",
    ];
    for (table, column) in columns(&mut sqlite()).keys() {
        let sounds = suspicious
            .iter()
            .any(|word| column.split('_').any(|part| part == *word) || column == word);
        let known = SOUNDS_PERSONAL
            .iter()
            .any(|(t, c, _)| t == table && c == column);
        assert!(
            !sounds || known || column == "area_id",
            "{table}.{column}: personal data stands in persons alone"
        );
    }
}

/// Every table stands in the register of what rests, and each of its sealed columns under its key.
#[test]
fn whatever_rests_is_in_the_register() {
    use qianshou::privacy::resting::{About, RESTING, of};
    use qianshou::sync::{Kind, kinds};
    let columns = columns(&mut sqlite());
    let tables: BTreeSet<&str> = columns.keys().map(|(table, _)| table.as_str()).collect();
    let told: BTreeSet<&str> = RESTING.iter().map(|rest| rest.table).collect();
    assert_eq!(tables, told);
    assert_eq!(told.len(), RESTING.len(), "each table once");
    for rest in RESTING {
        let by: &[&str] = match rest.about {
            About::People { by } => by,
            _ => &[],
        };
        let sealed = rest.sealed.iter().map(|(column, _)| column);
        for column in sealed.clone().chain(rest.plain).chain(by) {
            let at = (rest.table.to_owned(), (*column).to_owned());
            assert!(columns.contains_key(&at), "{at:?} is no column");
        }
        // Digests, keys, and what refers to another record hold nothing to read.
        let ids = ids_of(rest.table);
        for ((table, column), (kind, _)) in &columns {
            let digest = ["hash", "mac", "data_key"]
                .iter()
                .any(|end| column == end || column.ends_with(&format!("_{end}")));
            if table == rest.table && kind == "BLOB" && !digest && !ids.contains(column) {
                assert!(
                    sealed.clone().any(|c| c == column) || rest.plain.contains(&column.as_str()),
                    "{table}.{column}: under which key, and how does it end?"
                );
            }
        }
    }
    for kind in Kind::ALL {
        let rest = of(*kind).unwrap_or_else(|| panic!("{kind}"));
        let people = matches!(rest.about, About::People { .. });
        assert!(people || !kinds::of(*kind).people, "{kind} shows people");
    }
}

/// The columns of a table that hold ids, by the program's own schema.
fn ids_of(table: &str) -> BTreeSet<String> {
    let schema = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db/schema.rs");
    let schema = std::fs::read_to_string(schema).unwrap();
    let start = schema
        .find(&format!("    {table} ("))
        .unwrap_or_else(|| panic!("{table}"));
    let body = schema[start..].split('}').next().unwrap().to_owned();
    body.lines()
        .filter(|line| line.contains("UidSql"))
        .filter_map(|line| Some(line.trim().split_once(" -> ")?.0.to_owned()))
        .collect()
}

/// Ciphertexts, not clear text, rest in the file: the bytes are searched.
#[test]
fn nothing_typed_about_a_person_rests_in_clear() {
    run(Backend::Sqlite, |app| {
        Box::pin(async move {
            let member = app.member().await;
            let values = [
                "欧阳慧敏",
                "13987654321",
                "建设街道甲乙丙路88号",
                "330499198506150126",
                "神州纺织厂",
            ];
            member
                .post(
                    "/v1/residents",
                    make::resident_with(json!({ "name": values[0], "phone": values[1], "address": values[2],
                        "document": { "kind": "resident_id", "number": values[3] }, "employer": values[4] })),
                )
                .await
                .expect(201);
            let Target::Sqlite(path) = app.data.db.target() else {
                panic!("SQLite")
            };
            for file in [path.clone(), format!("{path}-wal")] {
                let bytes = std::fs::read(&file).unwrap_or_default();
                for value in values {
                    assert!(
                        !bytes.windows(value.len()).any(|w| w == value.as_bytes()),
                        "{value} rests in {file}"
                    );
                }
            }
        })
    });
}

/// Every table with a column that names an area follows when areas change, or it is said why it does not; and what an
/// area has once stays for a person where two areas become one.
#[test]
fn whatever_names_an_area_goes_along_or_it_is_told_why_not() {
    use qianshou::areas::placed::{LEFT, NAMED, TABLES};
    #[derive(QueryableByName)]
    struct Unique {
        #[diesel(sql_type = Text)]
        table_name: String,
        #[diesel(sql_type = Text)]
        columns: String,
    }
    let mut c = sqlite();
    let columns = columns(&mut c);
    let has =
        |table: &str, column: &str| columns.contains_key(&(table.to_owned(), column.to_owned()));
    let place = ["county", "town", "village"];
    let names_one = |column: &str| {
        let last = column.rsplit('_').next().unwrap();
        place.contains(&last)
            || column == "area_id"
            || column.ends_with("_area_id")
            || last == "area"
    };
    let ids: BTreeMap<&str, BTreeSet<String>> = columns
        .keys()
        .map(|(table, _)| (table.as_str(), ids_of(table)))
        .collect();
    let found: BTreeSet<(&str, &str)> = columns
        .keys()
        .filter(|(table, column)| names_one(column) && ids[table.as_str()].contains(column))
        .map(|(table, column)| (table.as_str(), column.as_str()))
        .collect();
    assert!(found.len() > 100);
    let left: BTreeSet<&str> = LEFT.iter().map(|(table, _)| *table).collect();
    assert!(LEFT.iter().all(|(_, why)| why.len() > 10) && left.len() == LEFT.len());
    let mut told: BTreeSet<(&str, String)> = BTreeSet::new();
    for table in TABLES {
        assert!(
            !left.contains(table.name),
            "{} both goes along and stays",
            table.name
        );
        if let Some(prefix) = table.prefix {
            told.extend(place.map(|column| (table.name, format!("{prefix}{column}"))));
        }
        told.extend(table.area.map(|column| (table.name, column.to_owned())));
        for (column, other) in table.links {
            assert!(has(table.name, column), "{}.{column}", table.name);
            let at = |name: &str| TABLES.iter().position(|t| t.name == name).unwrap();
            assert!(
                at(other) < at(table.name),
                "{other} stands before {}",
                table.name
            );
        }
        assert!(
            table.kind.is_none() || has(table.name, "created_at"),
            "{}",
            table.name
        );
    }
    told.extend(
        NAMED
            .iter()
            .map(|(table, column)| (*table, (*column).to_owned())),
    );
    for (table, column) in &found {
        let goes = told.contains(&(*table, (*column).to_owned()));
        assert!(
            goes || left.contains(table),
            "where does {table}.{column} go when areas change?"
        );
    }
    for (table, column) in &told {
        assert!(
            found.contains(&(*table, column.as_str())),
            "{table}.{column} names no area"
        );
    }
    // Two rows that are alike once their areas are one: which of them stays is told.
    let unique: Vec<Unique> = diesel::sql_query(
        "SELECT m.name AS table_name, (SELECT group_concat(i.name, ', ') FROM pragma_index_info(l.name) i) AS columns \
         FROM sqlite_master m JOIN pragma_index_list(m.name) l WHERE m.type = 'table' AND l.\"unique\" = 1",
    )
    .load(&mut c)
    .unwrap();
    let mut held = 0;
    for index in &unique {
        let names = index
            .columns
            .split(", ")
            .any(|column| found.contains(&(index.table_name.as_str(), column)));
        let Some(table) = TABLES
            .iter()
            .find(|table| names && table.name == index.table_name)
        else {
            continue;
        };
        let once = table
            .once
            .as_ref()
            .is_some_and(|once| once.index == index.columns);
        assert!(
            once || table.own,
            "{}: two of ({}) may come together",
            index.table_name,
            index.columns
        );
        held += usize::from(once);
    }
    assert_eq!(
        held,
        TABLES.iter().filter(|table| table.once.is_some()).count()
    );
}

/// Whatever names a person or a resident stands in the register of merges, so that no merge forgets it; by the
/// references of the schema, and by the names of columns where there is none.
#[test]
fn whatever_names_a_person_is_moved_by_a_merge_or_told_why_not() {
    use qianshou::duplicates::moves::{AMENDED, Names, OnMerge, POINTERS, column};
    #[derive(QueryableByName)]
    struct Reference {
        #[diesel(sql_type = Text)]
        table_name: String,
        #[diesel(sql_type = Text)]
        column_name: String,
        #[diesel(sql_type = Text)]
        kind: String,
    }
    let mut c = sqlite();
    let columns = columns(&mut c);
    let references: Vec<Reference> = diesel::sql_query(
        "SELECT m.name AS table_name, f.\"from\" AS column_name, f.\"table\" AS kind \
         FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'",
    )
    .load(&mut c)
    .unwrap();
    let mut named: BTreeSet<(String, String)> = references
        .into_iter()
        .filter(|r| ["persons", "residents"].contains(&r.kind.as_str()))
        .map(|r| (r.table_name, r.column_name))
        .collect();
    let sounds = |column: &str| {
        let ends = |word: &str| column == word || column.ends_with(&format!("_{word}"));
        ["person_id", "resident_id", "merged_into"]
            .into_iter()
            .any(ends)
    };
    named.extend(columns.keys().filter(|(_, column)| sounds(column)).cloned());
    assert!(named.len() > 12);
    let mut told: BTreeSet<(String, String)> = BTreeSet::new();
    for p in POINTERS {
        assert!(
            told.insert((p.table.into(), p.column.into())),
            "{} {} twice",
            p.table,
            p.column
        );
        if let OnMerge::Stays(why) = p.on_merge {
            assert!(!why.is_empty());
        }
        if p.names == Names::Resident {
            assert!(
                ["resident_id", "merged_into"].contains(&p.column),
                "{}",
                p.column
            );
        }
    }
    let missing: Vec<_> = named.difference(&told).collect();
    assert!(missing.is_empty(), "what does a merge do with {missing:?}?");
    // What a merge touches are columns with the versions that it says.
    let amended = AMENDED.iter().map(|a| (a.0, a.1));
    let moved = POINTERS
        .iter()
        .filter(|p| matches!(p.on_merge, OnMerge::Moves(_)));
    for (table, name) in amended.chain(moved.map(|p| (p.table, p.column))) {
        let (key, _, version) = column(table, name).unwrap();
        let mut must = vec![(table, name), (table, key)];
        if let Some(of) = version {
            must.push((of.table, "version"));
            if of.timed {
                must.push((of.table, "updated_at"));
            }
        }
        for (table, column) in must {
            let at = (table.to_owned(), column.to_owned());
            assert!(columns.contains_key(&at), "{at:?} is no column");
        }
    }
}

/// Among a million people the rows of one are found by index, whatever names them.
#[test]
fn a_merge_finds_what_it_moves_by_index() {
    use qianshou::duplicates::moves::{OnMerge, POINTERS};
    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }
    let mut c = sqlite();
    for p in POINTERS {
        let OnMerge::Moves(moved) = &p.on_merge else {
            continue;
        };
        let (table, column, key) = (p.table, p.column, moved.key);
        let sql = format!(
            "EXPLAIN QUERY PLAN SELECT {key} FROM {table} WHERE {column} = x'00' ORDER BY {key}"
        );
        let plan: Vec<Step> = diesel::sql_query(sql).load(&mut c).unwrap();
        let scans = plan.iter().any(|step| step.detail.starts_with("SCAN"));
        assert!(!scans && !plan.is_empty(), "{table}.{column}");
    }
}

/// Columns that are looked for when they are empty, too, or that hardly ever are.
const SEARCHED_AS_EMPTY: &[&str] = &[
    "parent_id",
    "city",
    "county",
    "town",
    "village",
    "area_id",
    "assignee",
    "actor_id",
    "revoked_at",
    "device_id",
    "pos",
];

/// A planner that has counted takes an index for useless whose column is mostly empty, and reads the whole table.
#[test]
fn an_index_of_what_is_mostly_empty_leaves_the_empty_out() {
    #[derive(QueryableByName)]
    struct Index {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        first: String,
    }
    let found: Vec<Index> = diesel::sql_query(
        "SELECT m.name AS name, i.name AS first FROM sqlite_master m JOIN pragma_index_info(m.name) i ON i.seqno = 0 \
         JOIN pragma_table_info(m.tbl_name) t ON t.name = i.name \
         WHERE m.type = 'index' AND m.sql IS NOT NULL AND m.sql NOT LIKE '% WHERE %' AND t.\"notnull\" = 0 AND t.pk = 0",
    )
    .load(&mut sqlite())
    .unwrap();
    assert!(found.len() > 20, "the areas of records alone are more");
    let wrong: Vec<String> = found
        .into_iter()
        .filter(|index| !SEARCHED_AS_EMPTY.contains(&index.first.as_str()))
        .map(|index| index.name)
        .collect();
    assert_eq!(
        wrong,
        [] as [String; 0],
        "leave out what is empty: WHERE … IS NOT NULL"
    );
}
