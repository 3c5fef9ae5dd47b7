//! Amounts that may be less than nothing: what is left of an account, or came in less what was taken back.

use serde::Serialize;
use serde_json::json;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::db::Fen;
use crate::http::text::{Money, string_schema};

/// An amount of money with its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct SignedMoney(pub Money);

impl From<i64> for SignedMoney {
    fn from(fen: i64) -> SignedMoney {
        SignedMoney(Money(Fen(fen)))
    }
}

impl PartialSchema for SignedMoney {
    fn schema() -> RefOr<Schema> {
        let amount = string_schema(
            "Yuan with two decimals.",
            "-123.45",
            4,
            24,
            Some(r"^-?(0|[1-9][0-9]{0,18})\.[0-9]{2}$"),
        );
        ObjectBuilder::new()
            .description(Some("An amount of money with its sign."))
            .property("amount", amount)
            .required("amount")
            .property(
                "currency",
                ObjectBuilder::new()
                    .schema_type(SchemaType::Type(Type::String))
                    .description(Some("Always yuan renminbi."))
                    .enum_values(Some(["CNY"]))
                    .examples([json!("CNY")]),
            )
            .required("currency")
            .into()
    }
}
impl ToSchema for SignedMoney {}
