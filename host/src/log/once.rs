//! Once and no more: whether a unit has been committed before. Looked up and written down in the unit's own transaction, so
//! that of two that come at once one is the first.

use super::unit::Once;
use super::writer::Refusal;
use crate::error::Error;
use crate::model::request::{Answered, ProducerId, RequestName};
use crate::model::topic::PartitionId;
use crate::store::Tables;
use crate::store::producers::Sequence;

/// What the unit was answered before, where it comes again.
pub(super) fn find(tables: &mut Tables<'_>, once: &Once) -> Result<Option<Answered>, Refusal> {
    match &once.name {
        RequestName::Key { scope, key } => match tables.request(*scope, key, once.at_ms)? {
            Some(answered) => the_same(once, answered).map(Some),
            None => Ok(None),
        },
        RequestName::Sequence { producer, epoch, scope, first, records } => {
            check_epoch(tables, *producer, *epoch)?;
            tables.touch_producer(*producer, once.at_ms)?;
            let known = tables.sequence(*producer, *scope)?.filter(|known| known.epoch == *epoch).unwrap_or_default();
            if *first == known.next {
                return Ok(None);
            }
            let before = known.last.into_iter().find(|(at, count, _)| (at, count) == (first, records));
            if let Some((_, _, answered)) = before {
                return the_same(once, answered).map(Some);
            }
            Err(Refusal::Unit(Error::conflict(
                "out-of-order-sequence",
                format!(
                    "sequence {first} is not the next one, which is {}, nor one of the last requests: send what is missing first, or start a new producer with POST /v1/producers",
                    known.next
                ),
            )))
        }
    }
}

/// Writes down what the unit is answered.
pub(super) fn remember(
    tables: &mut Tables<'_>,
    once: Once,
    partitions: impl Iterator<Item = PartitionId>,
    offsets: &[u64],
) -> Result<(), Refusal> {
    let parts = partitions.zip(offsets.iter().copied()).collect();
    let answered = Answered { fingerprint: once.fingerprint, at_ms: once.at_ms, parts, runs: once.runs };
    match once.name {
        RequestName::Key { scope, key } => tables.put_request(scope, &key, &answered)?,
        RequestName::Sequence { producer, epoch, scope, first, records } => {
            let known = tables.sequence(producer, scope)?.filter(|known| known.epoch == epoch);
            let mut sequence = known.unwrap_or(Sequence { epoch, ..Sequence::default() });
            sequence.push(first, records, answered);
            tables.put_sequence(producer, scope, &sequence)?;
        }
    }
    Ok(())
}

fn check_epoch(tables: &mut Tables<'_>, producer: ProducerId, epoch: u16) -> Result<(), Refusal> {
    let refused = |error| Err(Refusal::Unit(error));
    match tables.producer_epoch(producer)? {
        Some(current) if current == epoch => Ok(()),
        Some(current) if epoch < current => refused(Error::conflict(
            "producer-fenced",
            format!(
                "producer {} is in epoch {current}: another one has started under its name since epoch {epoch}; this one must stop",
                producer.0
            ),
        )),
        Some(current) => refused(Error::conflict(
            "unknown-epoch",
            format!("producer {} is in epoch {current}, and {epoch} was never given out", producer.0),
        )),
        None => refused(Error::not_found(
            "unknown-producer",
            format!("there is no producer {}, or it is forgotten; start one with POST /v1/producers", producer.0),
        )),
    }
}

fn the_same(once: &Once, answered: Answered) -> Result<Answered, Refusal> {
    if once.fingerprint == answered.fingerprint {
        return Ok(answered);
    }
    Err(Refusal::Unit(Error::unprocessable(
        "idempotency-key-reused",
        "another request was sent under this idempotency key or sequence; a key stands for one request: use a new one for each",
    )))
}
