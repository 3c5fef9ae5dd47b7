//! Statements of a fixed text, which each SQLite connection prepares once.
//!
//! Diesel keeps prepared what it knows to be the same text each time: inserts and selects. An `UPDATE` and every
//! `sql_query` is prepared anew, which costs more than running it where it changes one row found by its key. What runs
//! row by row in a hot loop is declared here; anything else is better said in Diesel's own words.

/// Declares a statement and what it is bound to, in the order of its text:
/// `prepared! { struct Raised { "UPDATE t SET x = " x: BigInt as i64, " WHERE id = " id: UidSql as Uid; "" } }`.
#[macro_export]
macro_rules! prepared {
    ($(#[$meta:meta])* struct $name:ident $(<$life:lifetime>)? {
        $($text:literal $field:ident: $sql:ty as $rust:ty),+ ; $end:literal
    }) => {
        $(#[$meta])*
        struct $name $(<$life>)? {
            $($field: $rust,)+
        }

        const _: () = {
            /// Names the text among all prepared ones.
            pub struct Text;

            impl $(<$life>)? diesel::query_builder::QueryId for $name $(<$life>)? {
                type QueryId = Text;
                const HAS_STATIC_QUERY_ID: bool = true;
            }
        };

        impl $(<$life>)? diesel::query_builder::QueryFragment<diesel::sqlite::Sqlite> for $name $(<$life>)? {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::sqlite::Sqlite>,
            ) -> diesel::QueryResult<()> {
                $(
                    out.push_sql($text);
                    out.push_bind_param::<$sql, _>(&self.$field)?;
                )+
                out.push_sql($end);
                Ok(())
            }
        }

        impl $(<$life>)? diesel::RunQueryDsl<diesel::SqliteConnection> for $name $(<$life>)? {}
    };
}
