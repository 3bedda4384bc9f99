//! What a unit may write beside its records, and the tables that a transaction has open.

use redb::{Table, WriteTransaction};

use super::offsets::Offset;
use super::plugins::PluginRow;
use super::shares::ShareCell;
use super::state::{Change, Scope};
use super::topics::TopicRow;
use super::{
    Result, batches, cursors, deployments, events, garbage, groups, ledger, members, meta, offsets, partitions,
    pipelines, plugins, producers, requests, segments, shares, state, tasks, topics, unpublished,
};
use crate::model::deployment::{Deployment, DeploymentId, TaskTimes};
use crate::model::generation::{LedgerEntry, Version};
use crate::model::group::{GroupRow, MemberId, MemberRow};
use crate::model::name::{GroupName, PipelineName, PluginName};
use crate::model::pipeline::Pipeline;
use crate::model::topic::PartitionId;

/// One row, or the end of some. A `…Gone` takes everything along that belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    Topic(TopicRow),
    TopicGone(TopicRow),
    Offset {
        group: GroupName,
        partition: PartitionId,
        next: u64,
        at_ms: i64,
    },
    /// Where a group begins, unless it stands somewhere already.
    Beginning {
        group: GroupName,
        partition: PartitionId,
        next: u64,
        at_ms: i64,
    },
    Group {
        name: GroupName,
        row: GroupRow,
    },
    GroupGone(GroupName),
    Member {
        group: GroupName,
        id: MemberId,
        row: MemberRow,
    },
    MemberGone {
        group: GroupName,
        id: MemberId,
    },
    Share {
        group: GroupName,
        partition: PartitionId,
        window: Vec<ShareCell>,
    },
    State {
        scope: Scope,
        change: Change,
    },
    TaskTimes {
        scope: Scope,
        times: TaskTimes,
    },
    /// Where a source is in what it reads.
    Cursor {
        deployment: DeploymentId,
        cursor: Vec<u8>,
    },
    Ledger {
        deployment: DeploymentId,
        input: PartitionId,
        generation: u32,
        entry: LedgerEntry,
    },
    /// The entries of generations before this one.
    LedgerGone {
        deployment: DeploymentId,
        before: u32,
    },
    Plugin(PluginRow),
    PluginGone {
        name: PluginName,
        version: Version,
    },
    Deployment(Box<Deployment>),
    DeploymentGone(Box<Deployment>),
    Pipeline(Pipeline),
    PipelineGone(PipelineName),
}

macro_rules! tables {
    ($($name:ident: $table:path => ($key:ty, $value:ty)),+ $(,)?) => {
        /// The tables of one transaction, each opened when it is first asked for: most commits touch two of them.
        pub struct Tables<'t> {
            pub(super) transaction: &'t WriteTransaction,
            $($name: Option<Table<'t, $key, $value>>,)+
        }

        impl<'t> Tables<'t> {
            pub(super) fn new(transaction: &'t WriteTransaction) -> Self {
                Self { transaction, $($name: None,)+ }
            }

            pub(super) fn create_all(&mut self) -> Result<()> {
                $(self.$name()?;)+
                Ok(())
            }

            $(pub(super) fn $name(&mut self) -> Result<&mut Table<'t, $key, $value>> {
                if self.$name.is_none() {
                    self.$name = Some(self.transaction.open_table($table)?);
                }
                Ok(self.$name.as_mut().expect("it was opened above"))
            })+
        }
    };
}

tables! {
    meta: meta::TABLE => (&'static str, u64),
    topics: topics::TABLE => (&'static str, &'static [u8]),
    partitions: partitions::TABLE => ((u32, u32), [u8; 24]),
    batches: batches::TABLE => ((u32, u32, u64), &'static [u8]),
    segments: segments::TABLE => ((u32, u32, u64), [u8; 66]),
    garbage: garbage::TABLE => ((u8, &'static str), ()),
    unpublished: unpublished::TABLE => (u32, u64),
    producers: producers::TABLE => (u64, (u16, i64, &'static str)),
    producer_names: producers::NAMES => (&'static str, u64),
    sequences: producers::SEQUENCES => ((u64, u32, u32), &'static [u8]),
    requests: requests::TABLE => ((u32, &'static str), &'static [u8]),
    request_order: requests::ORDER => (u64, (u32, &'static str)),
    event_rows: events::TABLE => (u64, &'static [u8]),
    offsets: offsets::TABLE => ((&'static str, u32, u32), (u64, i64)),
    groups: groups::TABLE => (&'static str, &'static [u8]),
    members: members::TABLE => ((&'static str, u64), &'static [u8]),
    shares: shares::TABLE => ((&'static str, u32, u32), &'static [u8]),
    state: state::TABLE => (&'static [u8], &'static [u8]),
    tasks: tasks::TABLE => ((u32, u32), (Option<i64>, Option<i64>, Option<i64>)),
    cursors: cursors::TABLE => (u32, &'static [u8]),
    ledger: ledger::TABLE => ((u32, u32, u32, u32), [u8; 40]),
    plugins: plugins::TABLE => ((&'static str, &'static str), &'static [u8]),
    deployments: deployments::TABLE => (&'static str, &'static [u8]),
    pipelines: pipelines::TABLE => (&'static str, &'static [u8]),
}

impl std::fmt::Debug for Tables<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tables")
    }
}

impl Tables<'_> {
    pub fn put(&mut self, row: &Row) -> Result<()> {
        match row {
            Row::Topic(row) => self.put_topic(row),
            Row::TopicGone(row) => self.drop_topic(row),
            Row::Offset { group, partition, next, at_ms } => {
                self.put_offset(group, *partition, Offset { next: *next, at_ms: *at_ms })
            }
            Row::Beginning { group, partition, next, at_ms } => {
                self.put_beginning(group, *partition, Offset { next: *next, at_ms: *at_ms })
            }
            Row::Group { name, row } => self.put_group(name, row),
            Row::GroupGone(name) => self.drop_group(name),
            Row::Member { group, id, row } => self.put_member(group, *id, row),
            Row::MemberGone { group, id } => self.drop_member(group, *id),
            Row::Share { group, partition, window } => self.put_share(group, *partition, window),
            Row::State { scope, change } => self.put_state(*scope, change),
            Row::TaskTimes { scope, times } => self.put_task_times(*scope, *times),
            Row::Cursor { deployment, cursor } => self.put_cursor(*deployment, cursor),
            Row::Ledger { deployment, input, generation, entry } => {
                self.put_ledger(*deployment, *input, *generation, entry)
            }
            Row::LedgerGone { deployment, before } => self.drop_ledger_before(*deployment, *before),
            Row::Plugin(row) => self.put_plugin(row),
            Row::PluginGone { name, version } => self.drop_plugin(name, version),
            Row::Deployment(row) => self.put_deployment(row),
            Row::DeploymentGone(row) => self.drop_deployment(row),
            Row::Pipeline(row) => self.put_pipeline(row),
            Row::PipelineGone(name) => self.drop_pipeline(name),
        }
    }
}
