//! redb and nothing else: the database file, the table of tables, and one codec file a table.
//!
//! | table | key | value | lives |
//! |---|---|---|---|
//! | `meta` | name | u64: schema version, next ids | for ever |
//! | `topics` | topic name | JSON [`topics::TopicRow`] | with the topic |
//! | `partitions` | topic id, partition | start offset, and the end where no batch tells it ([`partitions`]) | with the topic |
//! | `batches` | topic id, partition, base offset | greatest timestamp so far, RecordBatch v2 ([`batches`]) | with the topic |
//! | `offsets` | group, topic id, partition | u64: the next offset to read | with the group, or the topic |
//! | `state` | deployment id, partition, table, key ([`state`]) | the plugin's bytes | with the deployment |
//! | `tasks` | deployment id, partition | i64: the watermark | with the deployment |
//! | `ledger` | deployment id, partition, generation | what it processed ([`ledger`]) | with the deployment |
//! | `plugins` | plugin name, version | JSON [`plugins::PluginRow`] | until removed |
//! | `deployments` | deployment name | JSON [`crate::model::deployment::Deployment`] | until removed |
//!
//! Knows nothing of logs, groups or plugins: it keeps rows. Writing goes through one [`Transaction`] at a time, which the
//! log's writer owns; reading takes a [`Snapshot`] for as short as it can.

pub mod batches;
pub mod deployments;
pub mod ledger;
pub mod meta;
pub mod offsets;
pub mod partitions;
pub mod plugins;
pub mod row;
pub mod state;
pub mod tasks;
pub mod topics;

use std::path::Path;

use redb::{Database, Durability, ReadTransaction, ReadableDatabase, WriteTransaction};
use thiserror::Error;

pub use row::{Row, Tables};

use crate::limits::STORE_CACHE_BYTES;

#[derive(Debug, Error)]
pub enum StoreError {
    #[error("the database is locked by another process; stop that one, or use another data folder")]
    Locked,
    #[error(
        "the database has format {found}, and this version reads format {reads}; use the version that wrote it, or a newer one"
    )]
    Format { found: u64, reads: u64 },
    #[error("no space is left on the disk")]
    Full,
    #[error("row {key} of table {table} cannot be read: {reason}")]
    Corrupt { table: &'static str, key: String, reason: String },
    #[error("the database answered: {0}")]
    Database(Box<redb::Error>),
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        match error.into() {
            redb::Error::DatabaseAlreadyOpen => Self::Locked,
            redb::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => Self::Full,
            other => Self::Database(Box::new(other)),
        }
    }
}

impl From<StoreError> for crate::error::Error {
    fn from(error: StoreError) -> Self {
        use crate::error::Kind;
        let (kind, code) = match &error {
            StoreError::Full => (Kind::StorageFull, "storage-full"),
            StoreError::Locked | StoreError::Database(_) => (Kind::Unavailable, "store-unavailable"),
            StoreError::Format { .. } | StoreError::Corrupt { .. } => (Kind::Internal, "store-corrupt"),
        };
        Self::new(kind, code, error.to_string())
    }
}

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// The database.
#[derive(Debug)]
pub struct Store {
    database: Database,
}

impl Store {
    /// Opens the database file, or makes it.
    pub fn open(path: &Path) -> Result<Self> {
        let database = Database::builder().set_cache_size(STORE_CACHE_BYTES).create(path)?;
        let store = Self { database };
        let transaction = store.begin()?;
        {
            let mut tables = transaction.tables();
            tables.create_all()?;
            tables.check_format()?;
        }
        transaction.commit()?;
        Ok(store)
    }

    /// What is committed now, for as long as the snapshot lives.
    pub fn snapshot(&self) -> Result<Snapshot> {
        Ok(Snapshot(self.database.begin_read()?))
    }

    /// Waits until no other transaction is under way.
    pub fn begin(&self) -> Result<Transaction> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        Ok(Transaction(transaction))
    }
}

/// A consistent view. Holding one keeps old pages alive: copy out what is needed and let go.
#[derive(Debug)]
pub struct Snapshot(ReadTransaction);

/// Rows on their way in: all of them, or none.
pub struct Transaction(WriteTransaction);

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transaction")
    }
}

impl Transaction {
    pub fn tables(&self) -> Tables<'_> {
        Tables::new(&self.0)
    }

    /// Returns once the rows are on the disk.
    pub fn commit(self) -> Result<()> {
        Ok(self.0.commit()?)
    }
}

fn corrupt(table: &'static str, key: impl std::fmt::Debug, reason: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt { table, key: format!("{key:?}"), reason: reason.to_string() }
}

/// Rows that people may want to read and that are written seldom stand as JSON.
fn from_json<T: serde::de::DeserializeOwned>(
    table: &'static str,
    key: impl std::fmt::Debug,
    bytes: &[u8],
) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| corrupt(table, key, error))
}

fn to_json<T: serde::Serialize>(row: &T) -> Vec<u8> {
    serde_json::to_vec(row).expect("a row has string keys and no value that JSON lacks")
}
