//! redb and nothing else: the database file, the table of tables, and one codec file a table.
//!
//! | table | key | value | lives |
//! |---|---|---|---|
//! | `meta` | name | u64: schema version, next ids | for ever |
//! | `topics` | topic name | JSON [`topics::TopicRow`] | with the topic |
//! | `partitions` | topic id, partition | start offset, and the end where no batch tells it ([`partitions`]) | with the topic |
//! | `segments` | topic id, partition, base offset | where the batches from there on went ([`segments`]) | until retention |
//! | `garbage` | place, path | objects of nobody's ([`garbage`]) | until they are deleted |
//! | `unpublished` | topic id | u64: changes that the topic's description in the tier lacks | until it is written |
//! | `batches` | topic id, partition, base offset | greatest timestamp so far, RecordBatch v2 ([`batches`]) | until sealed |
//! | `producers`, `producer_names`, `sequences` | producer id; name; producer id, topic id, partition | see [`producers`] | until newer ones come |
//! | `requests`, `request_order` | topic id, key; number | answers to requests with a key ([`requests`]) | a day, or until newer ones come |
//! | `events` | number | the events that a commit stored ([`events`]) | three days, or until newer ones come |
//! | `group_offsets` | group, topic id, partition | the next offset to read, and since when ([`offsets`]) | with the group, or the topic |
//! | `groups` | group | JSON [`crate::model::group::GroupRow`] | until deleted, or without members for too long |
//! | `members` | group, member id | JSON [`crate::model::group::MemberRow`] | until it leaves or its session ends |
//! | `shares` | group, topic id, partition | records from the offset on that are not simply to come ([`shares`]) | with the group, or the topic |
//! | `state` | deployment id, partition, table, key ([`state`]) | the plugin's bytes | with the deployment |
//! | `task_times` | deployment id, partition | how far it is in time ([`tasks`]) | with the deployment |
//! | `cursors` | deployment id | where a source is in what it reads ([`cursors`]) | with the deployment |
//! | `task_ledger` | deployment id, partition, topic id, generation | what it processed ([`ledger`]) | with the deployment |
//! | `plugins` | plugin name, version | JSON [`plugins::PluginRow`] | until removed |
//! | `deployments` | deployment name | JSON [`crate::model::deployment::Deployment`] | until removed |
//! | `pipelines` | pipeline name | JSON [`crate::model::pipeline::Pipeline`] | until removed |
//!
//! Knows nothing of logs, groups or plugins: it keeps rows. Writing goes through one [`Transaction`] at a time, which the
//! log's writer owns; reading takes a [`Snapshot`] for as short as it can.

pub mod batches;
pub mod cursors;
pub mod deployments;
pub mod events;
#[cfg(test)]
pub(crate) mod faulty;
pub mod garbage;
pub mod groups;
pub mod ledger;
pub mod members;
pub mod meta;
pub mod offsets;
pub mod partitions;
pub mod pipelines;
pub mod plugins;
pub mod producers;
pub mod requests;
pub mod row;
pub mod segments;
pub mod shares;
pub mod state;
pub mod tasks;
pub mod topics;
pub mod unpublished;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::lock_api::ArcRwLockReadGuard;
use parking_lot::{RawRwLock, RwLock};
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
    #[error("no space is left on the disk; free some, and it goes on by itself")]
    Full,
    #[error("the database is being opened anew after an I/O error; try again")]
    Closed,
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
            StoreError::Locked | StoreError::Closed | StoreError::Database(_) => {
                (Kind::Unavailable, "store-unavailable")
            }
            StoreError::Format { .. } | StoreError::Corrupt { .. } => (Kind::Internal, "store-corrupt"),
        };
        Self::new(kind, code, error.to_string())
    }
}

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// When a transaction is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durable {
    /// When its commit returns.
    Now,
    /// With the next one that is durable now.
    Later,
}

/// How a database is opened anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    AsItIs,
    /// Every page is written once more: after a sync that failed, the system takes pages for written that are not.
    Rewritten,
}

pub(crate) type Opener = Box<dyn Fn(Opening) -> Result<Database> + Send + Sync>;

/// The database.
pub struct Store {
    open: Opener,
    /// Where the database lies, for asking what space there is.
    folder: Option<PathBuf>,
    /// `None` after an I/O error, until it could be opened again.
    database: Arc<RwLock<Option<Database>>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens the database file, or makes it.
    pub fn open(path: &Path) -> Result<Self> {
        // What a crash in mid-copy left behind; there is none as a rule.
        drop(std::fs::remove_file(copy_of(path)));
        let folder = path.parent().map(Path::to_owned);
        let path = path.to_owned();
        let open = move |opening| {
            if opening == Opening::Rewritten {
                rewrite(&path)?;
            }
            Ok(Database::builder().set_cache_size(STORE_CACHE_BYTES).create(&path)?)
        };
        Self::open_with(Box::new(open), folder)
    }

    pub(crate) fn open_with(open: Opener, folder: Option<PathBuf>) -> Result<Self> {
        let store = Self { database: Arc::new(RwLock::new(Some(open(Opening::AsItIs)?))), open, folder };
        let transaction = store.begin()?;
        {
            let mut tables = transaction.tables();
            tables.create_all()?;
            tables.check_format()?;
        }
        transaction.commit()?;
        Ok(store)
    }

    /// Opens the database anew, as after a crash: after an I/O error it takes no more writes until then. Waits for the
    /// snapshots that are held.
    pub fn reopen(&self, opening: Opening) -> Result<()> {
        let mut database = self.database.write();
        // The old one first: the file has one owner.
        *database = None;
        *database = Some((self.open)(opening)?);
        Ok(())
    }

    /// What the disk has left; `None` where nobody can tell.
    pub fn free_bytes(&self) -> Option<u64> {
        let stat = rustix::fs::statvfs(self.folder.as_ref()?).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// What is committed now, for as long as the snapshot lives.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let guard = self.database.read_arc();
        let transaction = guard.as_ref().ok_or(StoreError::Closed)?.begin_read()?;
        Ok(Snapshot { transaction, _open: guard })
    }

    /// Waits until no other transaction is under way.
    pub fn begin(&self) -> Result<Transaction> {
        self.begin_as(Durable::Now)
    }

    pub fn begin_as(&self, durable: Durable) -> Result<Transaction> {
        let guard = self.database.read();
        let mut transaction = guard.as_ref().ok_or(StoreError::Closed)?.begin_write()?;
        transaction.set_durability(match durable {
            Durable::Now => Durability::Immediate,
            Durable::Later => Durability::None,
        })?;
        Ok(Transaction(transaction))
    }
}

/// Puts a copy of a file in its place, synced.
fn rewrite(path: &Path) -> Result<()> {
    let copy = copy_of(path);
    let written = (|| {
        std::fs::copy(path, &copy)?;
        std::fs::File::open(&copy)?.sync_all()?;
        std::fs::rename(&copy, path)?;
        path.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
    })();
    if written.is_err() {
        // It takes room that is wanted.
        drop(std::fs::remove_file(&copy));
    }
    written.map_err(|error| StoreError::from(redb::Error::Io(error)))
}

fn copy_of(path: &Path) -> PathBuf {
    path.with_extension("rewritten")
}

/// A consistent view. Holding one keeps old pages alive: copy out what is needed and let go.
pub struct Snapshot {
    transaction: ReadTransaction,
    /// The database stays open for as long.
    _open: ArcRwLockReadGuard<RawRwLock, Option<Database>>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Snapshot")
    }
}

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

    /// Returns once the rows are where the transaction's durability has them.
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
