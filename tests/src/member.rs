//! A member of a group, as any client would be one.

use serde_json::{Value, json};

use crate::Host;
use crate::host::Response;

/// Knows its group and its id; the host is named at each call, since it may be another one by then.
#[derive(Clone, Debug)]
pub struct Member {
    pub group: String,
    pub id: String,
    /// What the join answered.
    pub joined: Value,
}

impl Member {
    pub async fn join(host: &Host, group: &str, body: Value) -> Self {
        let joined = host.post(&format!("/v1/groups/{group}/members"), body).await.ok();
        let id = joined["member_id"].as_str().expect("a member id").to_owned();
        Self { group: group.to_owned(), id, joined }
    }

    pub fn path(&self, call: &str) -> String {
        format!("/v1/groups/{}/members/{}{call}", self.group, self.id)
    }

    pub async fn poll(&self, host: &Host, body: Value) -> Response {
        host.post(&self.path("/poll"), body).await
    }

    /// Polls until there is a batch, and answers that.
    pub async fn batch(&self, host: &Host, records_max: usize) -> Value {
        loop {
            let batch = self.poll(host, json!({"max_records": records_max, "wait_ms": 5_000})).await.ok();
            if !records(&batch).is_empty() {
                return batch;
            }
        }
    }

    pub async fn commit(&self, host: &Host, batch: &Value) -> Response {
        host.post(&self.path("/commit"), json!({"token": batch["token"]})).await
    }

    pub async fn leave(&self, host: &Host) {
        host.delete(&self.path("")).await.ok();
    }
}

/// The records of a batch.
pub fn records(batch: &Value) -> &Vec<Value> {
    batch["records"].as_array().expect("records")
}

/// The partitions of an assignment, of one topic.
pub fn assigned(answer: &Value) -> Vec<u64> {
    let places = answer["assignment"].as_array().expect("an assignment");
    places.iter().map(|place| place["partition"].as_u64().expect("a number")).collect()
}
