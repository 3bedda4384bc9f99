use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::model::command::{
    Aggregate, Comparison, Condition, ConnectCommand, ConsumeCommand, OfDeployment, OfGroup, OfTopic, StreamCommand,
};
use crate::model::name::{DeploymentName, GroupName};

#[derive(Default)]
struct Known {
    topics: BTreeMap<String, TopicConfig>,
    plugins: BTreeMap<String, Role>,
    deployments: BTreeMap<String, Generation>,
}

impl Facts for Known {
    fn topic(&self, name: &TopicName) -> Result<TopicConfig> {
        let found = self.topics.get(name.as_str()).cloned();
        found.ok_or_else(|| Error::not_found("unknown-topic", format!("there is no topic {name}")))
    }

    fn role(&self, plugin: &PluginName) -> Option<Role> {
        self.plugins.get(plugin.as_str()).copied()
    }

    fn deployment(&self, name: &DeploymentName) -> Option<Generation> {
        self.deployments.get(name.as_str()).cloned()
    }

    fn readers(&self, topic: &TopicName) -> Vec<DeploymentName> {
        let readers = self.deployments.iter().filter(|(_, running)| running.inputs.contains(topic));
        readers.map(|(name, _)| DeploymentName::parse(name).unwrap()).collect()
    }
}

fn known() -> Known {
    let orders = TopicConfig { partitions: 3, retention_ms: Some(1_000), ..TopicConfig::default() };
    let plugins = [
        ("filter-json", Role::Processing),
        ("aggregate", Role::Processing),
        ("webhook", Role::Receiving),
        ("http-sink", Role::Sinking),
        ("http-poll", Role::Sourcing),
        ("natural-language", Role::Parsing),
    ];
    Known {
        topics: [("orders".to_owned(), orders)].into(),
        plugins: plugins.map(|(name, role)| (name.to_owned(), role)).into(),
        deployments: BTreeMap::new(),
    }
}

fn topic(name: &str) -> TopicName {
    TopicName::parse(name).unwrap()
}

fn group(name: &str) -> GroupName {
    GroupName::parse(name).unwrap()
}

fn path(path: &str) -> JsonPath {
    JsonPath::parse(path).unwrap()
}

fn condition(of: &str, comparison: Comparison, operand: &str) -> Condition {
    Condition { path: path(of), comparison, operand: operand.into() }
}

fn consume() -> ConsumeCommand {
    ConsumeCommand {
        topic: topic("orders"),
        group: None,
        start: StartPoint::Earliest,
        until_ms: None,
        conditions: vec![],
        limit: None,
    }
}

fn create() -> CreateTopicCommand {
    CreateTopicCommand {
        topic: topic("t"),
        partitions: None,
        retention_ms: None,
        retention_bytes: None,
        key_path: None,
        compacted: false,
    }
}

fn alter() -> AlterTopicCommand {
    AlterTopicCommand {
        topic: topic("orders"),
        add_partitions: None,
        partitions: None,
        retention_ms: None,
        retention_bytes: None,
    }
}

fn stream() -> StreamCommand {
    StreamCommand {
        from: vec![topic("orders")],
        to: topic("out"),
        conditions: vec![],
        window_ms: None,
        group_by: None,
        aggregate: None,
    }
}

fn connect(plugin: &str, settings: Value, to: Option<&str>) -> Command {
    let Value::Object(settings) = settings else { panic!("settings are an object") };
    Command::Connect(ConnectCommand { plugin: PluginName::parse(plugin).unwrap(), settings, topic: to.map(topic) })
}

fn say(value: &str) -> Command {
    Command::Produce(ProduceCommand { topic: topic("orders"), key: Some("k".into()), value: Some(value.into()) })
}

/// The one call, as `METHOD path body`.
fn call(command: &Command) -> (String, Value, bool) {
    let plan = plan(command, None, &known()).unwrap();
    let [call] = plan.calls.as_slice() else { panic!("one call, and not {:?}", plan.calls) };
    let body = call.body.as_ref().map_or(Value::Null, |body| serde_json::from_str(body.get()).unwrap());
    (format!("{} {}", call.method, call.path), body, !plan.confirm.is_empty())
}

/// What runs once the command's call was made.
fn running(command: &Command) -> (String, Generation) {
    let (line, body, _) = call(command);
    let texts = |name: &str| body.get(name).cloned().unwrap_or(json!([]));
    let generation = json!({
        "number": 1, "origin": 1, "plugin": body["plugin"], "version": "0a", "inputs": texts("inputs"),
        "settings": body.get("settings").cloned().unwrap_or(json!({})), "output": body.get("output"),
        "grants": body.get("grants").cloned().unwrap_or(json!({})), "started_ms": 0, "standing": "current",
    });
    let name = line.strip_prefix("PUT /v1/deployments/").unwrap().to_owned();
    (name, serde_json::from_value(generation).unwrap())
}

fn reasons(command: &Command, facts: &Known) -> Vec<String> {
    plan(command, None, facts).unwrap().confirm.iter().map(ToString::to_string).collect()
}

#[test]
fn each_command_is_a_call() {
    let of_topic = || OfTopic { topic: topic("orders") };
    let of_group = || OfGroup { group: group("g") };
    let of_deployment = || OfDeployment { deployment: DeploymentName::parse("d").unwrap() };
    let retention = |ms| Command::AlterTopic(AlterTopicCommand { retention_ms: Some(ms), ..alter() });
    let reset = |to| Command::ResetGroup(ResetGroupCommand { group: group("g"), topic: Some(topic("orders")), to });
    let none = || Value::Null;
    for (command, line, body, confirm) in [
        (
            say("{\"n\": 12345678901234567890123}"),
            "POST /v1/topics/orders/records",
            serde_json::from_str("{\"records\":[{\"key\":\"k\",\"value\":{\"n\":12345678901234567890123}}]}").unwrap(),
            false,
        ),
        (say("null"), "POST /v1/topics/orders/records", json!({"records": [{"key": "k", "value": null}]}), true),
        (say("\"null\""), "POST /v1/topics/orders/records", json!({"records": [{"key": "k", "value": "null"}]}), false),
        (
            say("order 123"),
            "POST /v1/topics/orders/records",
            json!({"records": [{"key": "k", "value": "order 123"}]}),
            false,
        ),
        (Command::CreateTopic(create()), "PUT /v1/topics/t", json!({}), false),
        (
            Command::CreateTopic(CreateTopicCommand {
                partitions: Some(3),
                retention_ms: Some(u64::MAX),
                retention_bytes: Some(7),
                key_path: Some(path("user.id")),
                compacted: true,
                ..create()
            }),
            "PUT /v1/topics/t",
            json!({"partitions": 3, "retention_ms": null, "retention_bytes": 7, "cleanup_policy": "compact", "key_path": "user.id"}),
            false,
        ),
        (
            Command::AlterTopic(AlterTopicCommand { add_partitions: Some(2), ..alter() }),
            "PATCH /v1/topics/orders",
            json!({"partitions": 5}),
            false,
        ),
        (
            Command::AlterTopic(AlterTopicCommand { partitions: Some(8), ..alter() }),
            "PATCH /v1/topics/orders",
            json!({"partitions": 8}),
            false,
        ),
        (retention(1_000), "PATCH /v1/topics/orders", json!({"retention_ms": 1000}), false),
        (retention(999), "PATCH /v1/topics/orders", json!({"retention_ms": 999}), true),
        (retention(u64::MAX), "PATCH /v1/topics/orders", json!({"retention_ms": null}), false),
        (
            Command::AlterTopic(AlterTopicCommand { retention_bytes: Some(1 << 40), ..alter() }),
            "PATCH /v1/topics/orders",
            json!({"retention_bytes": 1_u64 << 40}),
            true,
        ),
        (Command::DescribeTopic(of_topic()), "GET /v1/topics/orders", none(), false),
        (Command::DeleteTopic(of_topic()), "DELETE /v1/topics/orders", none(), true),
        (Command::ListTopics, "GET /v1/topics", none(), false),
        (Command::DescribeGroup(of_group()), "GET /v1/groups/g", none(), false),
        (Command::ListGroups, "GET /v1/groups", none(), false),
        (Command::DeleteGroup(of_group()), "DELETE /v1/groups/g", none(), true),
        (reset(StartPoint::Earliest), "POST /v1/groups/g/reset", json!({"to": "earliest", "topic": "orders"}), true),
        (
            reset(StartPoint::SinceMs(-5)),
            "POST /v1/groups/g/reset",
            json!({"to": {"time": -5}, "topic": "orders"}),
            true,
        ),
        (Command::ListDeployments, "GET /v1/deployments", none(), false),
        (Command::DescribeDeployment(of_deployment()), "GET /v1/deployments/d", none(), false),
        (Command::Pause(of_deployment()), "POST /v1/deployments/d/pause", none(), false),
        (Command::Resume(of_deployment()), "POST /v1/deployments/d/resume", none(), false),
        (Command::Remove(of_deployment()), "DELETE /v1/deployments/d", none(), true),
    ] {
        assert_eq!(call(&command), (line.to_owned(), body, confirm), "{command:?}");
    }
}

#[test]
fn a_connector_is_a_deployment() {
    for (command, line, body, confirm) in [
        (
            connect("webhook", json!({"secret": {"$secret": "S"}}), Some("events")),
            "PUT /v1/deployments/webhook-events",
            json!({"plugin": "webhook", "output": "events", "settings": {"secret": {"$secret": "S"}}}),
            true,
        ),
        (
            connect("http-sink", json!({"url": "https://example.com/in"}), Some("orders")),
            "PUT /v1/deployments/http-sink-orders",
            json!({
                "plugin": "http-sink", "inputs": ["orders"], "settings": {"url": "https://example.com/in"},
                "grants": {"hosts": ["example.com:443"]},
            }),
            true,
        ),
        (
            connect("http-poll", json!({"url": "http://127.0.0.1:99/x"}), None),
            "PUT /v1/deployments/http-poll",
            json!({
                "plugin": "http-poll", "settings": {"url": "http://127.0.0.1:99/x"},
                "grants": {"hosts": ["127.0.0.1:99"]},
            }),
            true,
        ),
        (
            connect("webhook", json!({}), Some("events")),
            "PUT /v1/deployments/webhook-events",
            json!({"plugin": "webhook", "output": "events"}),
            false,
        ),
    ] {
        assert_eq!(call(&command), (line.to_owned(), body, confirm), "{command:?}");
    }
}

#[test]
fn reading_is_a_query() {
    let paid = || condition("status", Comparison::Equal, "paid & done");
    for (command, path, peek) in [
        (consume(), "/v1/topics/orders/records?from=earliest", None),
        (
            ConsumeCommand { start: StartPoint::Latest, ..consume() },
            "/v1/topics/orders/records?from=latest&follow=true",
            Some("/v1/topics/orders/records?last=10"),
        ),
        (
            ConsumeCommand { start: StartPoint::Latest, limit: Some(3), conditions: vec![paid()], ..consume() },
            "/v1/topics/orders/records?from=latest&limit=3&where=status%3Dpaid%20%26%20done&follow=true",
            Some("/v1/topics/orders/records?last=3&where=status%3Dpaid%20%26%20done"),
        ),
        (
            ConsumeCommand { start: StartPoint::Latest, until_ms: Some(9), ..consume() },
            "/v1/topics/orders/records?from=latest&until=9&follow=true",
            Some("/v1/topics/orders/records?from=latest&until=9"),
        ),
        (
            ConsumeCommand { start: StartPoint::Last(10), conditions: vec![paid()], ..consume() },
            "/v1/topics/orders/records?last=10&where=status%3Dpaid%20%26%20done",
            None,
        ),
        (
            ConsumeCommand {
                start: StartPoint::SinceMs(5),
                until_ms: Some(9),
                limit: Some(3),
                conditions: vec![
                    condition("a.b", Comparison::GreaterOrEqual, "1"),
                    condition("a", Comparison::Less, "=x"),
                    condition("a", Comparison::Less, " 5"),
                    condition("a", Comparison::Equal, " x"),
                    condition("a", Comparison::Contains, "\"7\""),
                ],
                ..consume()
            },
            "/v1/topics/orders/records?from=5&until=9&limit=3&where=a.b%3E%3D1&where=a%3C%22%3Dx%22&where=a%3C%22%205%22&where=a%3D%22%20x%22&where=a~%227%22",
            None,
        ),
        (
            ConsumeCommand { group: Some(group("g")), start: StartPoint::Committed, ..consume() },
            "/v1/groups/g/stream?topics=orders",
            Some("/v1/groups/g"),
        ),
        (
            ConsumeCommand { group: Some(group("g")), start: StartPoint::SinceMs(7), ..consume() },
            "/v1/groups/g/stream?topics=orders&start=7",
            Some("/v1/groups/g"),
        ),
    ] {
        let plan = plan(&Command::Consume(command), None, &known()).unwrap();
        assert_eq!((plan.calls.len(), plan.calls[0].method, plan.calls[0].path.as_str()), (1, "GET", path));
        let (Shows::Records(looked) | Shows::Group(looked)) = plan.result else { panic!("{path} is a stream") };
        assert_eq!(looked.path, peek.unwrap_or(path));
    }
}

#[test]
fn a_standing_pipeline_is_a_deployment() {
    let large = || condition("amount", Comparison::Greater, "100");
    let eu = || condition("region", Comparison::Equal, "eu");
    let version = || condition("version", Comparison::Equal, "1.10");
    let aggregated = StreamCommand {
        aggregate: Some(Aggregate::Sum(path("amount"))),
        group_by: Some(path("user.region")),
        window_ms: Some(60_000),
        conditions: vec![large()],
        ..stream()
    };
    for (command, name, plugin, settings) in [
        (stream(), "orders-to-out", "filter-json", json!({"all": []})),
        (
            StreamCommand { conditions: vec![large()], ..stream() },
            "orders-where-amount-greater-100-to-out",
            "filter-json",
            json!({"path": "amount", "comparison": "greater", "operand": 100}),
        ),
        (
            StreamCommand { conditions: vec![version()], ..stream() },
            "orders-where-version-equal-1.10-to-out",
            "filter-json",
            json!({"path": "version", "comparison": "equal", "operand": "1.10"}),
        ),
        (
            StreamCommand { conditions: vec![large(), eu()], ..stream() },
            "orders-where-amount-greater-100-and-region-equal-eu-to-out",
            "filter-json",
            json!({"all": [
                {"path": "amount", "comparison": "greater", "operand": 100},
                {"path": "region", "comparison": "equal", "operand": "eu"},
            ]}),
        ),
        (
            aggregated,
            "orders-sum-of-amount-where-amount-greater-100-per-user.region-every-1m-to-out",
            "aggregate",
            json!({
                "aggregate": "sum", "value_path": "amount", "key_path": "user.region", "window_ms": 60000,
                "where": [{"path": "amount", "comparison": "greater", "operand": 100}],
            }),
        ),
        (
            StreamCommand { aggregate: Some(Aggregate::Count), ..stream() },
            "orders-count-to-out",
            "aggregate",
            json!({"aggregate": "count"}),
        ),
    ] {
        let body = json!({"plugin": plugin, "inputs": ["orders"], "output": "out", "settings": settings});
        assert_eq!(call(&Command::Stream(command)), (format!("PUT /v1/deployments/{name}"), body, false));
    }
    let (line, body, _) = call(&Command::Stream(StreamCommand { from: vec![topic("a"), topic("b")], ..stream() }));
    assert_eq!((line.as_str(), &body["inputs"]), ("PUT /v1/deployments/a-b-to-out", &json!(["a", "b"])));
}

#[test]
fn a_standing_pipeline_replaces_no_other_one_unasked() {
    let filtered = |conditions| Command::Stream(StreamCommand { conditions, ..stream() });
    let large = |amount: &str| filtered(vec![condition("amount", Comparison::Greater, amount)]);
    let every = |window_ms| {
        Command::Stream(StreamCommand { aggregate: Some(Aggregate::Count), window_ms: Some(window_ms), ..stream() })
    };
    let from = |topics: &[&str], to: &str| {
        let from = topics.iter().map(|name| topic(name)).collect();
        Command::Stream(StreamCommand { from, to: topic(to), ..stream() })
    };
    // Different commands are different deployments.
    for (one, other) in [
        (large("100"), large("10")),
        (large("100"), filtered(vec![])),
        (every(60_000), every(90_000)),
        (every(86_400_000), every(3_600_000)),
    ] {
        assert_ne!(call(&one).0, call(&other).0);
    }
    assert_eq!(call(&every(90_000)).0, "PUT /v1/deployments/orders-count-every-90s-to-out");
    assert_eq!(call(&every(1_001)).0, "PUT /v1/deployments/orders-count-every-1001ms-to-out");

    // Where names fall together all the same, the one that is there is not swapped unasked.
    let both = from(&["payments", "orders"], "z");
    let joined = from(&["payments-orders"], "z");
    assert_eq!(call(&both).0, call(&joined).0);
    let facts = Known { deployments: [running(&both)].into(), ..known() };
    assert_eq!(reasons(&both, &facts), [""; 0], "it is there as it is wanted");
    assert_eq!(
        reasons(&joined, &facts),
        ["it swaps deployment payments-orders-to-z, which is there already with other inputs"]
    );
    let (name, standing) = running(&large("100"));
    for (other, differing) in [
        (Generation { plugin: PluginName::parse("route").unwrap(), ..standing.clone() }, "another plugin"),
        (Generation { output: None, ..standing.clone() }, "another output"),
        (Generation { settings: json!({}), ..standing.clone() }, "other settings"),
        (Generation { changelog: vec!["groups".into()], ..standing }, "a changelog"),
    ] {
        let facts = Known { deployments: [(name.clone(), other)].into(), ..known() };
        let [reason] = reasons(&large("100"), &facts).try_into().unwrap();
        assert!(reason.starts_with("it swaps deployment orders-where-") && reason.ends_with(differing), "{reason}");
    }
}

#[test]
fn what_reaches_outside_is_confirmed_by_its_host_and_its_secrets() {
    let sink =
        |url: &str| connect("http-sink", json!({"url": url, "headers": [{"a": {"$secret": "KEY"}}]}), Some("orders"));
    let (name, standing) = running(&sink("https://evil.example/"));
    let facts = Known { deployments: [(name, standing)].into(), ..known() };
    let reaches = "it lets plugin http-sink reach evil.example:443 and use the secret \"KEY\" for topic orders";
    assert_eq!(reasons(&sink("https://evil.example/"), &facts), [reaches]);
    let swapped = "it swaps deployment http-sink-orders, which is there already with other settings and other grants";
    assert_eq!(reasons(&sink("http://other.example/"), &facts)[0], swapped);
    let poll = connect("http-poll", json!({"token": {"$secret": 1}}), None);
    assert_eq!(reasons(&poll, &facts), ["it lets plugin http-poll use the secret \"1\""]);
}

#[test]
fn partitions_are_added_unasked_only_where_nothing_reads() {
    let of =
        |partitions, add_partitions| Command::AlterTopic(AlterTopicCommand { add_partitions, partitions, ..alter() });
    assert_eq!(reasons(&of(None, Some(1)), &known()), [""; 0]);
    let facts = Known { deployments: [running(&Command::Stream(stream()))].into(), ..known() };
    for more in [of(None, Some(1)), of(Some(4), None)] {
        let [reason] = reasons(&more, &facts).try_into().unwrap();
        assert!(reason.contains("topic orders anew") && reason.ends_with("orders-to-out"), "{reason}");
    }
    assert_eq!(reasons(&of(Some(3), None), &facts), [""; 0], "it has as many");
    let shortened = AlterTopicCommand { retention_ms: Some(1), add_partitions: Some(1), ..alter() };
    assert_eq!(reasons(&Command::AlterTopic(shortened), &facts).len(), 2);
}

#[test]
fn a_parser_that_is_not_sure_is_asked() {
    let read = |command: &Command, confidence| {
        let reading = Interpretation { command: command.clone(), confidence, restated: "list topics".into() };
        Plan::of(&reading, None, &known()).unwrap()
    };
    assert_eq!(read(&Command::ListTopics, ASK_CONFIDENCE_MIN).because(), None);
    let because = read(&Command::ListTopics, ASK_CONFIDENCE_MIN - 1).because().unwrap();
    assert!(because.contains("49 of 100"), "{because}");
    assert_eq!(read(&Command::Help(HelpCommand { about: None }), 0).because(), None, "there is nothing to do");
    let delete = Command::DeleteTopic(OfTopic { topic: topic("orders") });
    assert_eq!(read(&delete, 0).confirm, [Confirm::DeletesTopic(topic("orders")), Confirm::NotSure(0)]);
}

#[test]
fn a_confirmation_is_of_one_plan() {
    let digest = |command: &Command, facts: &Known| plan(command, None, facts).unwrap().digest().unwrap();
    let delete = |name: &str| Command::DeleteTopic(OfTopic { topic: topic(name) });
    let once = digest(&delete("orders"), &known());
    assert_eq!((once.len(), &once), (64, &digest(&delete("orders"), &known())));
    assert_ne!(once, digest(&delete("order"), &known()));
    // The same call is another thing where it swaps what somebody else has made meanwhile.
    let command = Command::Stream(stream());
    let (name, standing) = running(&command);
    let other = Generation { output: None, ..standing };
    let facts = Known { deployments: [(name, other)].into(), ..known() };
    assert_ne!(digest(&command, &known()), digest(&command, &facts));
}

#[test]
fn what_cannot_be_is_refused_with_a_way_out() {
    let of_group = |command| Command::Consume(ConsumeCommand { group: Some(group("g")), ..command });
    let reset = |to| Command::ResetGroup(ResetGroupCommand { group: group("g"), topic: None, to });
    let read = |start, until_ms| Command::Consume(ConsumeCommand { start, until_ms, ..consume() });
    let grouped = StreamCommand { group_by: Some(path("a")), ..stream() };
    let signed = condition("a=b", Comparison::Equal, "1");
    for (command, code, says) in [
        (Command::Consume(ConsumeCommand { start: StartPoint::Committed, ..consume() }), "no-group", "which group"),
        (of_group(ConsumeCommand { limit: Some(1), ..consume() }), "not-with-a-group", "without the group"),
        (of_group(ConsumeCommand { start: StartPoint::Last(1), ..consume() }), "not-with-a-group", "without the group"),
        (Command::Consume(ConsumeCommand { conditions: vec![signed], ..consume() }), "invalid-path", "a=b"),
        (reset(StartPoint::Last(3)), "invalid-reset", "earliest"),
        (reset(StartPoint::Committed), "invalid-reset", "latest"),
        (Command::Stream(grouped), "nothing-to-aggregate", "count"),
        (connect("filter-json", json!({}), None), "not-a-connector", "PUT /v1/deployments"),
        (connect("natural-language", json!({}), None), "not-a-connector", "parser"),
        (read(StartPoint::SinceMs(9), Some(9)), "nothing-to-read", "1970-01-01T00:00:00.009Z"),
        (read(StartPoint::SinceMs(i64::MAX), Some(i64::MIN)), "nothing-to-read", "comes later"),
        (read(StartPoint::Last(10), Some(9)), "nothing-to-read", "leave the end out"),
        (read(StartPoint::Last(20_000), None), "nothing-to-read", "10000"),
        (read(StartPoint::Last(0), None), "nothing-to-read", "10000"),
        (Command::Consume(ConsumeCommand { limit: Some(0), ..consume() }), "nothing-to-read", "how many"),
        (connect("mongodb", json!({}), None), "unknown-plugin", "--plugins"),
        (Command::AlterTopic(AlterTopicCommand { topic: topic("nobody"), ..alter() }), "unknown-topic", "nobody"),
    ] {
        let error = plan(&command, None, &known()).unwrap_err();
        assert_eq!(error.code, code, "{command:?}");
        assert!(error.detail.contains(says), "{error}");
    }
    let bare = Known::default();
    assert_eq!(plan(&Command::Stream(stream()), None, &bare).unwrap_err().code, "unknown-plugin");
}

#[test]
fn a_value_is_said_or_sent() {
    let sent: Box<RawValue> = serde_json::from_str("{\"a\":  1e400}").unwrap();
    let unsaid = Command::Produce(ProduceCommand { topic: topic("t"), key: None, value: None });
    let plan_of = |command: &Command, value: Option<&RawValue>| plan(command, value, &known());
    let plan = plan_of(&unsaid, Some(&sent)).unwrap();
    assert_eq!(plan.calls[0].body.as_ref().unwrap().get(), "{\"records\":[{\"value\":{\"a\":  1e400}}]}");
    for (command, value, code) in [
        (&unsaid, None, "no-value"),
        (&say("1"), Some(&*sent), "two-values"),
        (&Command::ListTopics, Some(&*sent), "no-place-for-a-value"),
    ] {
        assert_eq!(plan_of(command, value).unwrap_err().code, code);
    }
}

#[test]
fn help_knows_what_it_is_about() {
    let of = |about| serde_json::to_value(help(about)).unwrap();
    let all = of(None)["phrases"].as_array().unwrap().len();
    assert!(all > 1);
    assert_eq!(of(Some("weather"))["phrases"].as_array().unwrap().len(), all);
    assert_eq!(of(Some("Topic"))["phrases"].as_array().unwrap().len(), 1);
    assert_eq!(of(Some("Topic"))["about"], "Topic");
}
