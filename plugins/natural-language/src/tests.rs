//! What must be understood, what must be asked back, and what must hold whatever is said.

mod phrasings;
mod sentences;
mod written;

use kafka_do_sdk::parser::{Catalog, Outcome, TopicInfo, Utterance};

use crate::understanding::understand;

/// Thursday, 2026-11-26 10:30:15 in UTC.
const NOW_MS: i64 = 1_795_689_015_000;

fn catalog() -> Catalog {
    let topics = [
        "analytics",
        "cdc.users",
        "events",
        "high-value-orders",
        "logs",
        "old-events",
        "orders",
        "page-view-counts",
        "page-views",
        "page_clicks",
        "payments",
        "r2.my-bucket",
        "refunds",
        "transactions",
        "user-events",
    ];
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Catalog {
        topics: topics.iter().map(|name| TopicInfo { name: (*name).to_owned(), partitions: 3 }).collect(),
        groups: names(&["analytics-team", "audit", "my-processor", "order-processor", "refunds"]),
        plugins: names(&["count-window", "filter-json", "http-sink", "webhook", "webhook-github", "webhook-stripe"]),
        deployments: names(&["big-orders", "orders-to-audit", "page-counts"]),
    }
}

fn said(text: &str) -> Outcome {
    said_among(text, &catalog())
}

fn said_among(text: &str, catalog: &Catalog) -> Outcome {
    understand(&Utterance { text: text.to_owned(), now_ms: NOW_MS, utc_offset_minutes: 0, catalog: catalog.clone() })
}

/// Nothing is done to one of several things because it comes first.
#[test]
fn a_name_of_several_things_is_asked_about() {
    let mut catalog = catalog();
    catalog.topics.push(TopicInfo { name: "user_events".to_owned(), partitions: 1 });
    for sentence in
        ["delete topic user events", "add 3 partitions to User Events", "produce hello to userevents", "user events"]
    {
        let Outcome::Unclear(question) = said_among(sentence, &catalog) else { panic!("{sentence}") };
        assert_eq!(question.suggestions.len(), 2, "{sentence}: {question:?}");
        assert!(question.suggestions[1].ends_with("user_events"), "{sentence}: {question:?}");
    }
    assert!(matches!(said_among("delete topic user_events", &catalog), Outcome::Understood(_)));
}
