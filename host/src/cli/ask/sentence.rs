//! One sentence: first what it is read as, then, where that is wanted, what it does.

use std::fmt::Write;
use std::io::{self, IsTerminal};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::client::{Client, Content};
use super::super::consume::{Format, Reading, escaped};
use super::super::member::Member;
use super::super::output::{Output, confirm, print};
use super::{Manner, answer};
use crate::clock::Clock;

/// What is said.
#[derive(Debug)]
pub(super) struct Sentence {
    pub(super) text: String,
    pub(super) value: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct Request<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a RawValue>,
    dry_run: bool,
    /// The plan that was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm: Option<String>,
    now_ms: i64,
    utc_offset_minutes: i32,
}

/// A question, or all the rest.
#[derive(Deserialize)]
struct Answer {
    question: Option<Question>,
    #[serde(default)]
    interpretations: Vec<Interpretation>,
    #[serde(default)]
    calls: Vec<Call>,
    /// Why it has to be confirmed, where it has to be.
    because: Option<String>,
    plan: Option<String>,
    result: Option<Box<RawValue>>,
    problem: Option<Problem>,
}

/// Why a sentence that was read cannot be done as things stand.
#[derive(Deserialize)]
struct Problem {
    detail: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Question {
    text: String,
    #[serde(default)]
    pub(super) suggestions: Vec<String>,
    /// The whole answer.
    #[serde(skip)]
    json: Vec<u8>,
}

#[derive(Deserialize)]
struct Interpretation {
    command: answer::Command,
    restated: String,
}

/// What came of a sentence.
pub(super) enum Asked {
    /// It was done and shown.
    Done,
    /// It has to be asked back.
    Unclear(Question),
    /// Records are to be written, perhaps without end.
    Records(Records),
}

/// The stream of a topic's records, or of a group's.
pub(super) enum Records {
    OfTopic(Reading),
    OfGroup(Member),
}

/// A call of the HTTP API.
#[derive(Deserialize)]
struct Call {
    method: String,
    path: String,
    body: Option<Box<RawValue>>,
}

impl Sentence {
    /// Does what the sentence says, up to the stream that it may end in.
    pub(super) async fn ask(&self, client: &mut Client, manner: Manner) -> anyhow::Result<Asked> {
        let now_ms = Clock::system().now_ms();
        let mut request = Request {
            text: &self.text,
            value: self.value.as_deref(),
            dry_run: true,
            confirm: None,
            now_ms,
            utc_offset_minutes: utc_offset_minutes(now_ms),
        };
        let (plan, json) = send(client, &request).await?;
        if let Some(question) = plan.question {
            return Ok(Asked::Unclear(Question { json, ..question }));
        }
        let Some(first) = plan.interpretations.first() else { anyhow::bail!(STRANGE) };
        if manner.dry_run {
            // How it is read is all that is asked for.
            if manner.output.json {
                print(&String::from_utf8_lossy(&json))?;
                return Ok(Asked::Done);
            }
            let calls = plan.calls.iter().map(Call::text);
            let told = calls.chain(plan.problem.map(|problem| problem.detail)).chain(plan.because);
            let lines: Vec<String> =
                std::iter::once(first.restated.clone()).chain(told).map(|line| escaped(&line)).collect();
            print(&lines.join("\n"))?;
            return Ok(Asked::Done);
        }
        say(&first.restated);
        if manner.explain {
            plan.calls.iter().for_each(|call| say(&call.text()));
        }
        if let Some(because) = &plan.because {
            // The words are the parser's, and the calls are what is done.
            if !manner.yes && !manner.explain {
                plan.calls.iter().for_each(|call| say(&call.text()));
            }
            let question = format!("{} {}", ended(&escaped(&first.restated)), ended(&escaped(because)));
            confirm(&question, manner.yes)?;
        }
        // What cannot be done is sent all the same: the host says why, as of any call.
        if first.command.reads() && plan.problem.is_none() && !manner.output.json {
            return Records::of(&plan.calls).map(Asked::Records);
        }
        request.dry_run = false;
        request.confirm = plan.plan;
        let (done, json) = send(client, &request).await?;
        if let Some(question) = done.question {
            return Ok(Asked::Unclear(Question { json, ..question }));
        }
        if manner.output.json {
            print(&String::from_utf8_lossy(&json))?;
            return Ok(Asked::Done);
        }
        let Some(first) = done.interpretations.first() else { anyhow::bail!(STRANGE) };
        let place = client.endpoint().to_string();
        print(&first.command.text(done.result.as_deref(), &place)?)?;
        Ok(Asked::Done)
    }
}

const STRANGE: &str = "the host's answer cannot be read; is it of this version?";

async fn send(client: &mut Client, request: &Request<'_>) -> anyhow::Result<(Answer, Vec<u8>)> {
    let answer = client.post("/v1/ask", Some(Content::json(request)?)).await?;
    Ok((answer.parse()?, answer.body.to_vec()))
}

impl Records {
    fn of(calls: &[Call]) -> anyhow::Result<Self> {
        let Some(Call { path, .. }) = calls.first() else { anyhow::bail!(STRANGE) };
        if path.starts_with("/v1/groups/") {
            return Member::of_call(path).map(Self::OfGroup);
        }
        Reading::of_call(path).map(Self::OfTopic)
    }

    /// Writes them as `consume` does.
    pub(super) async fn write(self, client: &mut Client) -> anyhow::Result<()> {
        let format = Format::unless_told();
        let is_endless = !matches!(&self, Self::OfTopic(reading) if !reading.follows());
        if is_endless && io::stderr().is_terminal() {
            say("Waiting for new records; Ctrl-C ends it.");
        }
        match self {
            Self::OfTopic(reading) => reading.run(client, format).await,
            Self::OfGroup(member) => member.consume(client, format, None).await,
        }
    }
}

/// How far the speaker's clock is ahead of UTC.
fn utc_offset_minutes(now_ms: i64) -> i32 {
    let now = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
    jiff::tz::TimeZone::system().to_offset(now).seconds() / 60
}

/// On the side: what is asked for goes to the standard output alone.
fn say(text: &str) {
    let text = escaped(text);
    if io::stderr().is_terminal() {
        eprintln!("\x1b[2m{text}\x1b[0m");
    } else {
        eprintln!("{text}");
    }
}

/// As a sentence.
fn ended(text: &str) -> String {
    let mut characters = text.chars();
    let first: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", characters.as_str().trim_end_matches('.'))
}

impl Call {
    fn text(&self) -> String {
        let Self { method, path, body } = self;
        body.as_ref().map_or_else(|| format!("{method} {path}"), |body| format!("{method} {path} {body}"))
    }
}

impl Question {
    /// Shows the question and whole sentences that answer it: in JSON as the API did.
    pub(super) fn print(&self, output: Output) -> anyhow::Result<()> {
        if output.json {
            return print(&String::from_utf8_lossy(&self.json));
        }
        eprint!("{}", self.written(|_| "  ".to_owned()));
        Ok(())
    }

    /// The question; before each suggestion stands a mark.
    pub(super) fn written(&self, mark: impl Fn(usize) -> String) -> String {
        let mut out = escaped(&self.text) + "\n";
        for (index, suggestion) in self.suggestions.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{}{}", mark(index), escaped(suggestion));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Answer {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_answer_is_a_question_or_a_plan() {
        let asked = r#"{"question":{"text":"Which topic?","suggestions":["list topics","describe orders"]}}"#;
        let question = read(asked).question.unwrap();
        let written = question.written(|index| format!("{}) ", index + 1));
        assert_eq!(written, "Which topic?\n1) list topics\n2) describe orders\n");
        let understood = r#"{"interpretations":[{"command":{"type":"delete-topic","topic":"t"},"confidence":98,
            "restated":"delete topic t"}],"calls":[{"method":"DELETE","path":"/v1/topics/t"}],"needs_confirm":true,
            "because":"it deletes topic t","plan":"0a","result":null}"#;
        let plan = read(understood);
        assert!(plan.question.is_none() && plan.result.is_none());
        assert_eq!(plan.calls[0].text(), "DELETE /v1/topics/t");
        assert_eq!(ended(&plan.interpretations[0].restated), "Delete topic t.");
        assert_eq!(plan.because.as_deref().map(ended), Some("It deletes topic t.".to_owned()));
        assert_eq!(plan.plan.as_deref(), Some("0a"));
    }

    #[test]
    fn calls_are_shown_with_their_bodies() {
        let call = r#"{"method":"PUT","path":"/v1/topics/t","body":{"partitions":3}}"#;
        let call: Call = serde_json::from_str(call).unwrap();
        assert_eq!(call.text(), r#"PUT /v1/topics/t {"partitions":3}"#);
    }

    #[test]
    fn what_was_said_elsewhere_commands_no_terminal() {
        let question = Question { text: "\u{1b}[2J?".into(), suggestions: vec!["a\nb".into()], json: Vec::new() };
        assert_eq!(question.written(|_| String::new()), "\\u{1b}[2J?\na\\nb\n");
    }
}
