//! `kafka-do consume --group`: a member of a group. Each batch is written, then committed; what the host did not hear is said
//! again, also over a restart of the host.

use std::io::{self, BufWriter, Stdout, Write};
use std::time::Duration;

use anyhow::Context;
use rustix::event::{PollFd, PollFlags};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::client::{Backoff, Client, Content, Failure, encoded};
use super::consume::{Format, Item};
use super::output::output_error;
use super::topic;
use crate::shutdown::Signals;

/// Records of one batch, and how long a poll waits for some.
const RECORDS_MAX: u64 = 500;
const WAIT_MS: u64 = 5_000;

/// Who reads what.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) group: String,
    pub(super) topic: String,
    pub(super) start: Option<String>,
    pub(super) instance: Option<String>,
    pub(super) session_timeout_ms: Option<u64>,
}

#[derive(Deserialize)]
struct Joined {
    member_id: String,
    heartbeat_ms: u64,
}

#[derive(Deserialize)]
struct Batch<'a> {
    token: String,
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}

/// The host's answer, or that the person wants no more.
enum Said {
    Answer(bytes::Bytes),
    Stop,
}

/// What is kept while the member is there.
struct Session<'a> {
    client: &'a mut Client,
    signals: Signals,
    path: String,
    /// It was there once: where it is gone, it may come back.
    was_there: bool,
    /// The person wants no more.
    stop: bool,
}

impl Member {
    /// The member that a `GET` of this path, a group's stream of one topic, makes.
    pub(super) fn of_call(path: &str) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Query {
            topics: String,
            start: Option<String>,
        }
        let unknown = || format!("{path} is no stream of a group that is known here");
        let (path, query) = path.split_once('?').with_context(unknown)?;
        let group = path.strip_prefix("/v1/groups/").and_then(|rest| rest.strip_suffix("/stream"));
        let group = group.with_context(unknown)?.to_owned();
        let Query { topics: topic, start } = serde_html_form::from_str(query).with_context(unknown)?;
        Ok(Self { group, topic, start, instance: None, session_timeout_ms: None })
    }

    pub(super) async fn consume(self, client: &mut Client, format: Format, max: Option<u64>) -> anyhow::Result<()> {
        let signals = Signals::listen().context("signals cannot be heard")?;
        let path = format!("/v1/groups/{}/members", encoded(&self.group));
        let mut session = Session { client, signals, path, was_there: false, stop: false };
        let mut out = Some(BufWriter::with_capacity(256 << 10, io::stdout()));
        let mut left = max;
        loop {
            let Some(joined) = self.join(&mut session).await? else { return Ok(()) };
            match session.read(&joined, format, &mut out, &mut left).await {
                Ok(End::Done) => return session.leave(&joined.member_id).await,
                Ok(End::Expired) => eprintln!("kafka-do: the session ended; joining again"),
                Err(error) => {
                    // Whoever comes next need not wait for the session to end.
                    drop(session.leave(&joined.member_id).await);
                    return Err(error);
                }
            }
        }
    }

    /// `None` where the person wants no more.
    async fn join(&self, session: &mut Session<'_>) -> anyhow::Result<Option<Joined>> {
        let mut body = json!({ "topics": [self.topic] });
        if let Some(start) = &self.start {
            body["start"] = start.parse::<i64>().map_or_else(|_| json!(start), |ms| json!(ms));
        }
        if let Some(instance) = &self.instance {
            body["instance_id"] = json!(instance);
        }
        if let Some(ms) = self.session_timeout_ms {
            body["session_timeout_ms"] = json!(ms);
        }
        let path = session.path.clone();
        let joined = match session.say(&path, &body).await? {
            Said::Answer(answer) => serde_json::from_slice(&answer).context(STRANGE)?,
            Said::Stop => return Ok(None),
        };
        if let Err(Failure::Refused(refusal)) = session.client.get(&topic::path(&self.topic)).await
            && refusal.code == "unknown-topic"
        {
            eprintln!("There is no topic {} yet; waiting for it.", self.topic);
        }
        Ok(Some(joined))
    }
}

const STRANGE: &str = "the host's answer cannot be read; is it of this version?";

enum End {
    /// As many records were written as were asked for, or the person wants no more.
    Done,
    /// The host does not know the member any more.
    Expired,
}

impl Session<'_> {
    async fn read(
        &mut self,
        joined: &Joined,
        format: Format,
        out: &mut Option<BufWriter<Stdout>>,
        left: &mut Option<u64>,
    ) -> anyhow::Result<End> {
        let path = format!("{}/{}", self.path, joined.member_id);
        let mut token: Option<String> = None;
        while *left != Some(0) {
            let records_max = left.map_or(RECORDS_MAX, |left| left.min(RECORDS_MAX));
            let poll = json!({ "token": token, "max_records": records_max, "wait_ms": WAIT_MS });
            let answer = match self.say(&format!("{path}/poll"), &poll).await {
                Ok(Said::Answer(answer)) => answer,
                Ok(Said::Stop) => return Ok(End::Done),
                Err(error) if is_refused(&error, &["unknown-member", "unknown-group"]) => return Ok(End::Expired),
                Err(error) => return Err(error),
            };
            let batch: Batch<'_> = serde_json::from_slice(&answer).context(STRANGE)?;
            token = Some(batch.token.clone());
            let count = batch.records.len() as u64;
            if count == 0 {
                if is_unread() {
                    return Ok(End::Done);
                }
                continue;
            }
            let text = written(&batch.records, format)?;
            self.write(&path, joined, out, text).await?;
            let commit = json!({ "token": batch.token });
            match self.say_to_the_end(&format!("{path}/commit"), &commit).await {
                Ok(()) => {}
                Err(error) if is_refused(&error, &["unknown-member", "unknown-group"]) => return Ok(End::Expired),
                Err(error) if is_refused(&error, &["lease-ended", "not-assigned", "offset-moved"]) => {
                    eprintln!("kafka-do: {error:#}");
                    token = None;
                }
                Err(error) => return Err(error),
            }
            *left = left.map(|left| left.saturating_sub(count));
            if self.is_over() {
                return Ok(End::Done);
            }
        }
        Ok(End::Done)
    }

    fn is_over(&mut self) -> bool {
        self.stop |= self.signals.has_come();
        self.stop
    }

    /// Writes, however long whoever reads takes, and is heard by the host meanwhile.
    async fn write(
        &mut self,
        path: &str,
        joined: &Joined,
        out: &mut Option<BufWriter<Stdout>>,
        text: Vec<u8>,
    ) -> anyhow::Result<()> {
        let Some(mut writer) = out.take() else { return Ok(()) };
        let mut writing = tokio::task::spawn_blocking(move || {
            let written = writer.write_all(&text).and_then(|()| writer.flush());
            (writer, written)
        });
        let heartbeat = Duration::from_millis(joined.heartbeat_ms.max(1));
        let (writer, result) = loop {
            tokio::select! {
                done = &mut writing => break done?,
                () = tokio::time::sleep(heartbeat) => {
                    // Where it is not heard, the commit finds out.
                    drop(self.client.post(&format!("{path}/heartbeat"), None).await);
                }
            }
        };
        *out = Some(writer);
        result.map_err(output_error)
    }

    /// Says it until the host answers, or the person wants no more.
    async fn say(&mut self, path: &str, body: &serde_json::Value) -> anyhow::Result<Said> {
        let mut backoff = Backoff::new();
        loop {
            let content = Some(Content::json(body)?);
            let answer = tokio::select! {
                answer = self.client.post(path, content) => answer,
                _ = self.signals.first() => return Ok(Said::Stop),
            };
            let failure = match answer {
                Ok(answer) => {
                    self.was_there = true;
                    return Ok(Said::Answer(answer.body));
                }
                Err(failure) => failure,
            };
            self.check(&failure, &backoff)?;
            tokio::select! {
                () = backoff.wait(&failure) => {}
                _ = self.signals.first() => return Ok(Said::Stop),
            }
        }
    }

    /// Says it until the host answers: what is written is to be committed, also where the person wants no more after it.
    async fn say_to_the_end(&mut self, path: &str, body: &serde_json::Value) -> anyhow::Result<()> {
        let mut backoff = Backoff::new();
        loop {
            match self.client.post(path, Some(Content::json(body)?)).await {
                Ok(_) => return Ok(()),
                Err(failure) => {
                    self.check(&failure, &backoff)?;
                    if self.is_over() && backoff.is_over() {
                        return Err(failure.into());
                    }
                    backoff.wait(&failure).await;
                }
            }
        }
    }

    /// Whether it is worth another try.
    fn check(&self, failure: &Failure, backoff: &Backoff) -> anyhow::Result<()> {
        let passes = failure.is_passing() || failure.is_unsure() || (self.was_there && failure.is_absence());
        if !passes {
            anyhow::bail!(Refused::of(failure));
        }
        if backoff.is_new() {
            eprintln!("kafka-do: {failure}; trying again");
        }
        Ok(())
    }

    async fn leave(&mut self, member: &str) -> anyhow::Result<()> {
        match self.client.delete(&format!("{}/{member}", self.path)).await {
            // Its session ends by itself where nobody is there to hear.
            Ok(_) | Err(Failure::NoHost { .. } | Failure::Broken(_)) => Ok(()),
            Err(Failure::Refused(refusal)) if refusal.code == "unknown-member" => Ok(()),
            Err(failure) => Err(failure.into()),
        }
    }
}

/// A failure that is not tried again, with its code.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Refused {
    code: String,
    text: String,
}

impl Refused {
    fn of(failure: &Failure) -> Self {
        let code = if let Failure::Refused(refusal) = failure { refusal.code.clone() } else { String::new() };
        Self { code, text: failure.to_string() }
    }
}

/// Whether whoever read the output has gone: without records nothing is written, and no write says so.
fn is_unread() -> bool {
    let stdout = io::stdout();
    let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
    let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    rustix::event::poll(&mut asked, Some(&now)).is_ok() && asked[0].revents().contains(PollFlags::ERR)
}

fn is_refused(error: &anyhow::Error, codes: &[&str]) -> bool {
    error.downcast_ref::<Refused>().is_some_and(|refused| codes.contains(&refused.code.as_str()))
}

fn written(records: &[&RawValue], format: Format) -> anyhow::Result<Vec<u8>> {
    let mut out = Vec::new();
    for record in records {
        let json = record.get();
        let item: Item<'_> = serde_json::from_str(json).context(STRANGE)?;
        item.write(&mut out, format, json.as_bytes()).map_err(output_error)?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_a_group_is_a_member() {
        let member = Member::of_call("/v1/groups/order-processor/stream?topics=orders&start=1795626505184").unwrap();
        assert_eq!((member.group.as_str(), member.topic.as_str()), ("order-processor", "orders"));
        assert_eq!(member.start.as_deref(), Some("1795626505184"));
        for path in
            ["/v1/groups/g", "/v1/groups/g/stream", "/v1/groups/g/stream?topics=t&mode=share", "/v1/topics/t?topics=t"]
        {
            assert!(Member::of_call(path).is_err(), "{path}");
        }
    }
}
