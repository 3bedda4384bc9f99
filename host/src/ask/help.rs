//! What can be said, by example.

use serde::Serialize;
use utoipa::ToSchema;

/// Sentences that the standard parser reads, by what they are about.
const PHRASES: [Phrases; 4] = [
    Phrases {
        about: "records",
        sentences: &[
            "send payment confirmed to transactions",
            "last 10 from orders",
            "orders since yesterday",
            "consume orders as order-processor",
        ],
    },
    Phrases {
        about: "topics",
        sentences: &[
            "list topics",
            "create topic orders with 3 partitions",
            "set orders retention to 30 days",
            "describe orders",
            "delete topic old-events",
        ],
    },
    Phrases {
        about: "groups",
        sentences: &["list groups", "describe group order-processor", "reset group order-processor to yesterday 9am"],
    },
    Phrases {
        about: "pipelines",
        sentences: &[
            "orders where amount > 100 to high-value-orders",
            "count page-views per page every 1 minute into page-view-counts",
            "list deployments",
            "pause orders-where-amount-greater-100-to-high-value-orders",
        ],
    },
];

/// Sentences about one thing.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(super) struct Phrases {
    #[schema(value_type = String)]
    about: &'static str,
    #[schema(value_type = Vec<String>)]
    sentences: &'static [&'static str],
}

/// What can be said, of all or of one thing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Help {
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    phrases: Vec<Phrases>,
}

/// Of what is asked for, where there are examples of it; else of all.
pub fn help(about: Option<&str>) -> Help {
    let is_meant = |phrases: &&Phrases| {
        let about = about.map(str::to_ascii_lowercase);
        about.is_some_and(|about| about == phrases.about || format!("{about}s") == phrases.about)
    };
    let meant: Vec<Phrases> = PHRASES.iter().filter(is_meant).copied().collect();
    let phrases = if meant.is_empty() { PHRASES.to_vec() } else { meant };
    Help { about: about.map(str::to_owned), phrases }
}
