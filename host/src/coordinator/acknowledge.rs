//! Share mode: what members say of records.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Coordinator;
use super::catalog::Place;
use super::handle::Handle;
use crate::error::{Error, Result};
use crate::group::{Ack, Acknowledgement, Token};
use crate::limits::COMMIT_OFFSETS_MAX;
use crate::model::group::MemberId;
use crate::model::name::{GroupName, TopicName};

/// What a member says of records of one partition.
#[derive(Clone, Debug)]
pub struct AckRequest {
    pub topic: TopicName,
    pub partition: u32,
    pub offsets: Vec<u64>,
    pub ack: Ack,
}

impl Coordinator {
    /// All of it, or nothing.
    pub async fn acknowledge(
        self: &Arc<Self>,
        name: &GroupName,
        member: MemberId,
        requests: Vec<AckRequest>,
    ) -> Result<(u64, Vec<Place>)> {
        let handle = self.get(name).await?;
        let count: usize = requests.iter().map(|request| request.offsets.len()).sum();
        if count == 0 || count > COMMIT_OFFSETS_MAX {
            return Err(Error::invalid(
                "invalid-offsets",
                format!("{count} records are named, and an acknowledgement is of 1 to {COMMIT_OFFSETS_MAX}"),
            ));
        }
        let mut acks = Vec::with_capacity(count);
        let mut named = BTreeSet::new();
        for AckRequest { topic, partition: number, offsets, ack } in requests {
            let partition = self.log.topic(&topic)?.partition(number)?.id();
            for offset in offsets {
                if !named.insert((partition, offset)) {
                    return Err(Error::invalid(
                        "invalid-offsets",
                        format!(
                            "offset {offset} of partition {number} of topic {topic} is named twice; name each once"
                        ),
                    ));
                }
                acks.push(Acknowledgement { partition, offset, ack });
            }
        }
        let now_ms = self.clock.now_ms();
        handle
            .with(|group| group.acknowledge(member, &acks, now_ms))?
            .map_err(|refusal| self.refused(refusal, &handle, Some(member)))?;
        self.metrics.group_commits.inc();
        self.save(&handle).await?;
        self.standing(&handle, member)
    }

    pub(super) async fn accept_all(
        self: &Arc<Self>,
        handle: &Arc<Handle>,
        member: MemberId,
        token: &Token,
    ) -> Result<(u64, Vec<Place>)> {
        let now_ms = self.clock.now_ms();
        handle
            .with(|group| group.accept_all(member, token, now_ms))?
            .map_err(|refusal| self.refused(refusal, handle, Some(member)))?;
        self.metrics.group_commits.inc();
        self.save(handle).await?;
        self.standing(handle, member)
    }
}
