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
}

impl Facts for Known {
    fn topic(&self, name: &TopicName) -> Result<TopicConfig> {
        let found = self.topics.get(name.as_str()).cloned();
        found.ok_or_else(|| Error::not_found("unknown-topic", format!("there is no topic {name}")))
    }

    fn role(&self, plugin: &PluginName) -> Option<Role> {
        self.plugins.get(plugin.as_str()).copied()
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
    ];
    Known {
        topics: [("orders".to_owned(), orders)].into(),
        plugins: plugins.map(|(name, role)| (name.to_owned(), role)).into(),
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
    (format!("{} {}", call.method, call.path), body, plan.needs_confirm)
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
        (
            connect("webhook", json!({"secret": {"$secret": "S"}}), Some("events")),
            "PUT /v1/deployments/webhook-events",
            json!({"plugin": "webhook", "output": "events", "settings": {"secret": {"$secret": "S"}}}),
            false,
        ),
        (
            connect("http-sink", json!({"url": "https://example.com/in"}), Some("orders")),
            "PUT /v1/deployments/http-sink-orders",
            json!({
                "plugin": "http-sink", "inputs": ["orders"], "settings": {"url": "https://example.com/in"},
                "grants": {"hosts": ["example.com:443"]},
            }),
            false,
        ),
        (
            connect("http-poll", json!({"url": "http://127.0.0.1:99/x"}), None),
            "PUT /v1/deployments/http-poll",
            json!({
                "plugin": "http-poll", "settings": {"url": "http://127.0.0.1:99/x"},
                "grants": {"hosts": ["127.0.0.1:99"]},
            }),
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
            Some("/v1/topics/orders/records?from=latest"),
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
            "/v1/topics/orders/records?from=5&until=9&limit=3&where=a.b%3E%3D1&where=a%3C%22%3Dx%22&where=a%3C5&where=a%3D%22%20x%22&where=a~%227%22",
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
            "orders-to-out",
            "filter-json",
            json!({"path": "amount", "comparison": "greater", "operand": 100}),
        ),
        (
            StreamCommand { conditions: vec![large(), eu()], ..stream() },
            "orders-to-out",
            "filter-json",
            json!({"all": [
                {"path": "amount", "comparison": "greater", "operand": 100},
                {"path": "region", "comparison": "equal", "operand": "eu"},
            ]}),
        ),
        (
            aggregated,
            "orders-sum-of-amount-per-user.region-to-out",
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
fn what_cannot_be_is_refused_with_a_way_out() {
    let of_group = |command| Command::Consume(ConsumeCommand { group: Some(group("g")), ..command });
    let reset = |to| Command::ResetGroup(ResetGroupCommand { group: group("g"), topic: None, to });
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
