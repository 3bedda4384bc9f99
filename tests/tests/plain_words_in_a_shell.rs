//! `kafka-do ask`: a sentence shows how it was read and does it; what goes for good is asked for first; records stream; what is
//! not clear is asked back. The parser is told what to read.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::io::Write;
use std::process::Stdio;

use kafka_do_tests::{Host, binary, command, guest, until};
use serde_json::{Value, json};

/// What a process said and how it ended.
#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

struct Shell {
    host: Host,
}

impl Shell {
    async fn open() -> Self {
        let host = Host::start().await;
        host.upload("literal-parser", guest("literal-parser")).await.ok();
        let words = json!({"plugin": "literal-parser", "settings": {"mode": "literal"}});
        host.put("/v1/deployments/words", words).await.ok();
        Self { host }
    }

    /// `kafka-do ask`, with lines to read.
    async fn ask_with(&self, arguments: &[&str], lines: &str) -> Said {
        let mut ask = command(binary());
        ask.args(["--url", &self.host.url(), "ask"]).args(arguments);
        ask.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let lines = lines.to_owned();
        tokio::task::spawn_blocking(move || {
            let mut child = ask.spawn().unwrap();
            child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
            let output = child.wait_with_output().unwrap();
            let text = |bytes| String::from_utf8(bytes).unwrap();
            Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
        })
        .await
        .unwrap()
    }

    async fn ask(&self, command: &Value, more: &[&str]) -> Said {
        let sentence = sentence(command, "what it was told");
        self.ask_with(&[&[sentence.as_str()], more].concat(), "").await
    }

    async fn done(&self, command: Value) -> String {
        let said = self.ask(&command, &[]).await;
        assert_eq!((said.code, said.err.as_str()), (0, "what it was told\n"), "{said:?}");
        said.out
    }
}

fn sentence(command: &Value, restated: &str) -> String {
    json!({"understood": [{"command": command, "confidence": 90, "restated": restated}]}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_what_the_equal_commands_show() {
    let shell = Shell::open().await;
    let create = json!({"type": "create-topic", "topic": "orders", "partitions": 2});
    assert_eq!(shell.done(create).await, "orders is there: 2 partitions\n");
    assert!(shell.done(json!({"type": "list-topics"})).await.starts_with("topic   partitions"));
    let produce = json!({"type": "produce", "topic": "orders", "key": "k", "value": "{\"n\": 1}"});
    assert!(shell.done(produce).await.starts_with("partition "));
    assert!(
        shell.done(json!({"type": "describe-topic", "topic": "orders"})).await.contains("partitions           2\n")
    );
    let alter = json!({"type": "alter-topic", "topic": "orders", "add_partitions": 1});
    assert!(shell.done(alter).await.starts_with("orders is altered\n"));
    assert!(shell.done(json!({"type": "list-deployments"})).await.contains("words"));
    assert!(shell.done(json!({"type": "describe-deployment", "deployment": "words"})).await.contains("literal-parser"));
    assert!(shell.done(json!({"type": "list-groups"})).await.starts_with("There are no groups"));
    assert!(shell.done(json!({"type": "help"})).await.contains("  list topics\n"));

    let valued = shell.ask(&json!({"type": "produce", "topic": "orders"}), &["--value", "{\"n\": 2}"]).await;
    assert_eq!(valued.code, 0, "{valued:?}");
    let refused = shell.ask(&json!({"type": "describe-topic", "topic": "other"}), &[]).await;
    assert!(refused.code == 1 && refused.err.contains("kafka-do: ") && refused.out.is_empty(), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn explains_and_only_shows_where_it_is_told_to() {
    let shell = Shell::open().await;
    let create = json!({"type": "create-topic", "topic": "orders", "partitions": 2});
    let call = "PUT /v1/topics/orders {\"partitions\":2}";
    let shown = shell.ask(&create, &["--dry-run"]).await;
    assert_eq!((shown.code, shown.err.as_str()), (0, ""));
    assert_eq!(shown.out, format!("what it was told\n{call}\n"));
    assert_eq!(shell.host.get("/v1/topics/orders").await.status, 404, "nothing was done");
    let explained = shell.ask(&create, &["--explain"]).await;
    assert!(explained.err.contains(call) && explained.out.starts_with("orders is there"), "{explained:?}");
    let json = shell.ask(&json!({"type": "describe-topic", "topic": "orders"}), &["--json"]).await;
    let answer: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (&answer["calls"][0]["path"], &answer["result"]["partitions"]),
        (&json!("/v1/topics/orders"), &json!(2))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn asks_before_what_goes_for_good() {
    let shell = Shell::open().await;
    shell.host.create_topic("orders", 1).await;
    let delete = json!({"type": "delete-topic", "topic": "orders"});
    let asked = shell.ask(&delete, &[]).await;
    assert!(asked.code == 1 && asked.err.contains("--yes"), "{asked:?}");
    // The words are the parser's; what it does and why it is asked about are the host's.
    let said = "DELETE /v1/topics/orders\nkafka-do: What it was told. It deletes topic orders";
    assert!(asked.err.contains(said), "{asked:?}");
    assert_eq!(shell.host.get("/v1/topics/orders").await.status, 200, "nothing was done");
    let done = shell.ask(&delete, &["--yes"]).await;
    assert_eq!((done.code, done.out.as_str()), (0, "orders is deleted\n"), "{done:?}");
    assert_eq!(shell.host.get("/v1/topics/orders").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_records() {
    let shell = Shell::open().await;
    shell.host.create_topic("orders", 1).await;
    for n in 0..5 {
        shell.host.post("/v1/topics/orders/records", json!({"value": {"n": n}, "timestamp": 1_000 - n})).await.ok();
    }
    let condition = json!({"path": "n", "comparison": "greater", "operand": "2"});
    let consume = |more: Value| {
        let mut command = json!({"type": "consume", "topic": "orders"});
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        command
    };
    assert_eq!(
        shell.done(consume(json!({"start": {"last": 2}}))).await,
        "{\"n\":1}\n{\"n\":0}\n",
        "in the order of time"
    );
    let kept = shell.done(consume(json!({"start": "earliest", "conditions": [condition]}))).await;
    assert_eq!(kept, "{\"n\":3}\n{\"n\":4}\n");

    // A group's member reads on until it is told to stop, and has committed what it wrote.
    let mut member = command(binary());
    let words = sentence(&consume(json!({"group": "billing", "start": "committed"})), "what it was told");
    member.args(["--url", &shell.host.url(), "ask", &words]).stdout(Stdio::piped()).stderr(Stdio::null());
    let child = member.spawn().unwrap();
    until("the group has read all", async || {
        let group = shell.host.get("/v1/groups/billing").await;
        (group.status == 200 && group.json()["partitions"][0]["committed"] == 5).then_some(())
    })
    .await;
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn asks_back_what_is_not_clear() {
    let shell = Shell::open().await;
    let unclear =
        json!({"unclear": {"text": "Which topic?", "suggestions": ["describe orders", "list topics"]}}).to_string();
    let asked = shell.ask_with(&[&unclear], "").await;
    assert_eq!((asked.code, asked.out.as_str()), (2, ""));
    assert!(asked.err.starts_with("Which topic?\n  describe orders\n  list topics\n"), "{asked:?}");
    let asked = shell.ask_with(&[&unclear, "--json"], "").await;
    let answer: Value = serde_json::from_str(&asked.out).unwrap();
    assert_eq!((asked.code, &answer["question"]["text"]), (2, &json!("Which topic?")));
}

/// Where the input is no terminal each line is a sentence, up to the first that fails.
#[tokio::test(flavor = "multi_thread")]
async fn reads_sentences_line_by_line() {
    let shell = Shell::open().await;
    let create = |topic: &str| sentence(&json!({"type": "create-topic", "topic": topic}), "what it was told");
    let unclear = json!({"unclear": {"text": "What?", "suggestions": []}}).to_string();
    let lines = format!("{}\n\n  {}\n{unclear}\n{}\n", create("a"), create("b"), create("c"));
    let said = shell.ask_with(&[], &lines).await;
    assert_eq!((said.code, said.out.as_str()), (2, "a is there: 1 partition\nb is there: 1 partition\n"), "{said:?}");
    assert_eq!(shell.host.get("/v1/topics/c").await.status, 404);
}
