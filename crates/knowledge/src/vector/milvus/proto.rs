//! The messages of Milvus that are used here, with the fields that are used.
//!
//! From milvus-proto 2.6/3.0 (`milvus.proto`, `schema.proto`, `common.proto`). What is left out is
//! left out on the wire, which is what the protocol is made for. A choice of fields (`oneof`) is
//! written as fields that may be missing: the bytes are the same.

use prost::Message;

/// `common.Status`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Status {
    #[prost(int32, tag = "1")]
    pub(super) error_code: i32,
    #[prost(string, tag = "2")]
    pub(super) reason: String,
    #[prost(int32, tag = "3")]
    pub(super) code: i32,
    #[prost(bool, tag = "4")]
    pub(super) retriable: bool,
}

/// `common.KeyValuePair`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Pair {
    #[prost(string, tag = "1")]
    pub(super) key: String,
    #[prost(string, tag = "2")]
    pub(super) value: String,
}

/// `common.PlaceholderGroup`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Placeholders {
    #[prost(message, repeated, tag = "1")]
    pub(super) placeholders: Vec<Placeholder>,
}

/// `common.PlaceholderValue`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Placeholder {
    #[prost(string, tag = "1")]
    pub(super) tag: String,
    #[prost(int32, tag = "2")]
    pub(super) kind: i32,
    #[prost(bytes = "vec", repeated, tag = "3")]
    pub(super) values: Vec<Vec<u8>>,
}

/// `schema.DataType`.
pub(super) mod data {
    pub(in super::super) const VARCHAR: i32 = 21;
    pub(in super::super) const ARRAY: i32 = 22;
    pub(in super::super) const FLOAT_VECTOR: i32 = 101;
}

/// `schema.CollectionSchema`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Schema {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(message, repeated, tag = "4")]
    pub(super) fields: Vec<FieldSchema>,
}

/// `schema.FieldSchema`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct FieldSchema {
    #[prost(int64, tag = "1")]
    pub(super) id: i64,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(bool, tag = "3")]
    pub(super) is_primary_key: bool,
    #[prost(int32, tag = "5")]
    pub(super) kind: i32,
    #[prost(message, repeated, tag = "6")]
    pub(super) type_params: Vec<Pair>,
    #[prost(int32, tag = "10")]
    pub(super) element: i32,
    #[prost(bool, tag = "13")]
    pub(super) is_partition_key: bool,
}

/// `schema.FieldData`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct FieldData {
    #[prost(int32, tag = "1")]
    pub(super) kind: i32,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(message, optional, tag = "3")]
    pub(super) scalars: Option<Scalars>,
    #[prost(message, optional, tag = "4")]
    pub(super) vectors: Option<Vectors>,
}

/// `schema.ScalarField`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Scalars {
    #[prost(message, optional, tag = "3")]
    pub(super) longs: Option<Longs>,
    #[prost(message, optional, tag = "6")]
    pub(super) strings: Option<Strings>,
    #[prost(message, optional, tag = "8")]
    pub(super) arrays: Option<Arrays>,
}

/// `schema.LongArray`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Longs {
    #[prost(int64, repeated, tag = "1")]
    pub(super) data: Vec<i64>,
}

/// `schema.StringArray`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Strings {
    #[prost(string, repeated, tag = "1")]
    pub(super) data: Vec<String>,
}

/// `schema.ArrayArray`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Arrays {
    #[prost(message, repeated, tag = "1")]
    pub(super) data: Vec<Scalars>,
    #[prost(int32, tag = "2")]
    pub(super) element: i32,
}

/// `schema.VectorField`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Vectors {
    #[prost(int64, tag = "1")]
    pub(super) dimensions: i64,
    #[prost(message, optional, tag = "2")]
    pub(super) floats: Option<Floats>,
}

/// `schema.FloatArray`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Floats {
    #[prost(float, repeated, tag = "1")]
    pub(super) data: Vec<f32>,
}

/// `schema.IDs`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Ids {
    #[prost(message, optional, tag = "2")]
    pub(super) strings: Option<Strings>,
}

/// `schema.SearchResultData`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Results {
    #[prost(float, repeated, tag = "4")]
    pub(super) scores: Vec<f32>,
    #[prost(message, optional, tag = "5")]
    pub(super) ids: Option<Ids>,
}

/// `milvus.CreateCollectionRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct CreateCollection {
    #[prost(string, tag = "2")]
    pub(super) database: String,
    #[prost(string, tag = "3")]
    pub(super) collection: String,
    #[prost(bytes = "vec", tag = "4")]
    pub(super) schema: Vec<u8>,
    #[prost(int32, tag = "5")]
    pub(super) shards: i32,
    #[prost(int32, tag = "6")]
    pub(super) consistency: i32,
}

/// `milvus.DropCollectionRequest`, and `HasCollectionRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct OfCollection {
    #[prost(string, tag = "2")]
    pub(super) database: String,
    #[prost(string, tag = "3")]
    pub(super) collection: String,
}

/// `milvus.BoolResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Truth {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Status>,
    #[prost(bool, tag = "2")]
    pub(super) value: bool,
}

/// `milvus.CreateIndexRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct CreateIndex {
    #[prost(string, tag = "2")]
    pub(super) database: String,
    #[prost(string, tag = "3")]
    pub(super) collection: String,
    #[prost(string, tag = "4")]
    pub(super) field: String,
    #[prost(message, repeated, tag = "5")]
    pub(super) params: Vec<Pair>,
    #[prost(string, tag = "6")]
    pub(super) name: String,
}

/// `milvus.LoadCollectionRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct LoadCollection {
    #[prost(string, tag = "2")]
    pub(super) database: String,
    #[prost(string, tag = "3")]
    pub(super) collection: String,
    #[prost(int32, tag = "4")]
    pub(super) replicas: i32,
}

/// `milvus.GetLoadStateRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct GetLoadState {
    #[prost(string, tag = "2")]
    pub(super) collection: String,
    #[prost(string, tag = "4")]
    pub(super) database: String,
}

/// `milvus.GetLoadStateResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct LoadState {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Status>,
    /// 3 is loaded.
    #[prost(int32, tag = "2")]
    pub(super) state: i32,
}

/// `milvus.UpsertRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Upsert {
    #[prost(string, tag = "2")]
    pub(super) database: String,
    #[prost(string, tag = "3")]
    pub(super) collection: String,
    #[prost(message, repeated, tag = "5")]
    pub(super) fields: Vec<FieldData>,
    #[prost(uint32, tag = "7")]
    pub(super) rows: u32,
}

/// `milvus.DeleteRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Delete {
    #[prost(string, tag = "2")]
    pub(super) database: String,
    #[prost(string, tag = "3")]
    pub(super) collection: String,
    #[prost(string, tag = "5")]
    pub(super) expression: String,
    #[prost(int32, tag = "7")]
    pub(super) consistency: i32,
}

/// `milvus.MutationResult`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Mutated {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Status>,
}

/// `milvus.SearchRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Search {
    #[prost(string, tag = "2")]
    pub(super) database: String,
    #[prost(string, tag = "3")]
    pub(super) collection: String,
    #[prost(string, tag = "5")]
    pub(super) expression: String,
    #[prost(bytes = "vec", tag = "6")]
    pub(super) placeholders: Vec<u8>,
    /// 1 is an expression.
    #[prost(int32, tag = "7")]
    pub(super) expression_kind: i32,
    #[prost(message, repeated, tag = "9")]
    pub(super) params: Vec<Pair>,
    #[prost(int64, tag = "12")]
    pub(super) queries: i64,
    #[prost(int32, tag = "14")]
    pub(super) consistency: i32,
}

/// `milvus.SearchResults`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Searched {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Status>,
    #[prost(message, optional, tag = "2")]
    pub(super) results: Option<Results>,
}

/// `milvus.QueryRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Query {
    #[prost(string, tag = "2")]
    pub(super) database: String,
    #[prost(string, tag = "3")]
    pub(super) collection: String,
    #[prost(string, tag = "4")]
    pub(super) expression: String,
    #[prost(string, repeated, tag = "5")]
    pub(super) output: Vec<String>,
    #[prost(int32, tag = "11")]
    pub(super) consistency: i32,
}

/// `milvus.QueryResults`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Queried {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Status>,
    #[prost(message, repeated, tag = "2")]
    pub(super) fields: Vec<FieldData>,
}

/// `milvus.GetVersionRequest`, which has no fields.
#[derive(Clone, PartialEq, Message)]
pub(super) struct GetVersion {}

/// `milvus.GetVersionResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Version {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Status>,
    #[prost(string, tag = "2")]
    pub(super) version: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that the official messages (pymilvus 3.0.2) make of the same values.
    #[test]
    fn messages_are_the_bytes_that_the_official_ones_are() {
        let delete = Delete {
            collection: "c".into(),
            expression: "document == \"d\"".into(),
            ..Delete::default()
        };
        assert_eq!(hex::encode(delete.encode_to_vec()), "1a01632a0f646f63756d656e74203d3d20226422");

        let field = FieldData {
            kind: data::FLOAT_VECTOR,
            name: "vector".into(),
            vectors: Some(Vectors {
                dimensions: 2,
                floats: Some(Floats { data: vec![0.5, -1.0] }),
            }),
            ..FieldData::default()
        };
        assert_eq!(
            hex::encode(field.encode_to_vec()),
            "08651206766563746f72220e0802120a0a080000003f000080bf"
        );

        let labels = FieldData {
            kind: data::ARRAY,
            name: "labels".into(),
            scalars: Some(Scalars {
                arrays: Some(Arrays {
                    data: vec![Scalars {
                        strings: Some(Strings { data: vec!["a".into()] }),
                        ..Scalars::default()
                    }],
                    element: data::VARCHAR,
                }),
                ..Scalars::default()
            }),
            ..FieldData::default()
        };
        assert_eq!(
            hex::encode(labels.encode_to_vec()),
            "081612066c6162656c731a0b42090a0532030a01611015"
        );
    }
}
