//! Joins by key, as Kafka Streams has them.
//!
//! | join | Kafka Streams | when it emits |
//! |---|---|---|
//! | [`TableSide`] | `KStream`-`KTable` | for each record of the stream, with what the table holds at that moment |
//! | [`StreamJoin`] | `KStream`-`KStream` | for each pair of records that are near each other in event time |
//! | [`TableJoin`] | `KTable`-`KTable` | for each change of the joined row |
//!
//! A join sees one partition: its inputs must have as many partitions as each other and be keyed by what is joined
//! (*co-partitioned*), or be repartitioned first through [`topics::internal`](crate::topics::internal). Each gives the same
//! output however the records were batched and whenever the instance was replaced. The order of records among the inputs is
//! the host's, which is that of event time.

mod stream;
mod table;
mod tables;

pub use stream::{JoinWindows, Joined, Side, StreamJoin};
pub use table::TableSide;
pub use tables::{Change, TableJoin};

/// What becomes of a record that has no partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// It is left out.
    Inner,
    /// One of the left side is handed out alone.
    Left,
    /// One of either side is handed out alone.
    Outer,
}

impl JoinKind {
    /// Whether a record of this side is handed out though it has no partner.
    fn keeps_alone(self, side: Side) -> bool {
        match side {
            Side::Left => self != Self::Inner,
            Side::Right => self == Self::Outer,
        }
    }
}
