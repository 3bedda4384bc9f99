//! `kafka-do connect`: a connector in one line. The same as `plugin deploy`, with what each role wants said in its own words.

use anyhow::{Context, bail};
use clap::Args;
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::client::{Client, Content, encoded};
use super::deploy_form::{DeployForm, Grants, Input};
use super::deployment::{self, Deployment};
use super::output::{Output, short};

/// Tie a topic to what is outside: webhooks in, HTTP out, polled endpoints
///
/// What it says holds whole: a deployment of the name that is there already is swapped to it, and what is left out is not kept.
///
/// The host has the plugin, or is given it with kafka-do plugin upload. Secrets are the host's: of --secret-env NAME it has
/// the value as `KAFKA_DO_SECRET_NAME` in its environment, or as NAME=value in the file of --secrets.
#[derive(Debug, Args)]
pub(super) struct Connect {
    /// A webhook, a sink or a source
    #[arg(value_name = "PLUGIN")]
    plugin: String,
    /// Where a webhook's or a source's records go; or what a sink delivers, and then it may be repeated
    #[arg(long, value_name = "TOPIC")]
    topic: Vec<String>,
    /// Give each type of event a topic of its own, whose name begins so
    #[arg(long, value_name = "PREFIX")]
    topic_prefix: Option<String>,
    /// The deployment's name [default: the plugin's]
    #[arg(long, value_name = "DEPLOYMENT")]
    name: Option<String>,
    /// The secret that the setting `secret` is filled from; may be repeated while one takes the place of another
    #[arg(long, value_name = "NAME")]
    secret_env: Vec<String>,
    /// What a sink or a source talks to; its host is granted
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Where a webhook takes requests, beside /hooks/DEPLOYMENT
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// A setting; its value is JSON where it can be read so, and text elsewhere. May be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// A further host that it may send to; may be repeated
    #[arg(long, value_name = "HOST:PORT")]
    grant_host: Vec<String>,
    /// Where a new sink begins: earliest, latest, or a time (RFC 3339, or milliseconds since 1970) [default: earliest]
    #[arg(long, value_name = "WHERE")]
    start: Option<String>,
}

#[derive(Deserialize)]
struct Plugin {
    role: String,
}

impl Connect {
    pub(super) async fn run(self, client: &mut Client, output: Output) -> anyhow::Result<()> {
        let found = client.get(&format!("/v1/plugins/{}", encoded(&self.plugin))).await?;
        let role = found.parse::<Plugin>()?.role;
        if self.start.is_some() && role != "sinking" {
            bail!("--start says where in its topics a sink begins, and {} is none", self.plugin);
        }
        let settings = self.settings()?;
        let mut hosts = self.grant_host.clone();
        hosts.extend(self.endpoint.as_deref().map(authority).transpose()?);
        let prefixes: Vec<String> = self.topic_prefix.iter().cloned().collect();
        let (inputs, to) = match role.as_str() {
            "sinking" => (self.topic.iter().map(|topic| Input::new(topic)).collect(), None),
            "sourcing" | "receiving" => {
                if self.topic.len() > 1 {
                    bail!("a {role} plugin has one topic to write to; name one, or give --topic-prefix");
                }
                (Vec::new(), self.topic.first().map(String::as_str))
            }
            "parsing" => bail!("{} is a parser; deploy it with kafka-do plugin deploy {0}", self.plugin),
            _ => bail!("{} is a processor; deploy it with kafka-do plugin deploy {0}", self.plugin),
        };
        let form = DeployForm {
            plugin: &self.plugin,
            inputs,
            output: to,
            settings,
            grants: Grants { topics: &[], topic_prefixes: &prefixes, hosts: &hosts },
            path: self.path.as_deref(),
            start: self.start.as_deref(),
            ..DeployForm::default()
        };
        let name = self.name.as_deref().unwrap_or(&self.plugin);
        let answer = client.put(&deployment::path(name), Content::json(&form)?).await?;
        let is_new = answer.status == StatusCode::CREATED;
        let place = client.endpoint().to_string();
        output.show(&answer.body, |deployment: Deployment| connected(&deployment, is_new, &place))
    }

    fn settings(&self) -> anyhow::Result<Value> {
        let mut settings = Map::new();
        for text in &self.set {
            let (name, value) = text.split_once('=').with_context(|| format!("--set {text} is no NAME=VALUE"))?;
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
            settings.insert(name.to_owned(), value);
        }
        let secrets: Vec<Value> = self.secret_env.iter().map(|name| json!({ "$secret": name })).collect();
        let secret = match secrets.as_slice() {
            [] => None,
            [secret] => Some(secret.clone()),
            _ => Some(Value::Array(secrets)),
        };
        let said = [
            ("secret", "--secret-env", secret),
            ("topic_prefix", "--topic-prefix", self.topic_prefix.as_deref().map(Value::from)),
            ("url", "--endpoint", self.endpoint.as_deref().map(Value::from)),
        ];
        for (name, flag, value) in said {
            let Some(value) = value else { continue };
            if settings.insert(name.to_owned(), value).is_some() {
                bail!("{flag} and --set {name}=... say the same setting; give one of them");
            }
        }
        Ok(Value::Object(settings))
    }
}

/// The host and the port that a URL leads to.
fn authority(url: &str) -> anyhow::Result<String> {
    let parsed: hyper::Uri = url.parse().with_context(|| format!("{url} is no URL"))?;
    let port = match (parsed.port_u16(), parsed.scheme_str()) {
        (Some(port), _) => port,
        (None, Some("https")) => 443,
        (None, Some("http")) => 80,
        (None, _) => bail!("{url} is no URL of http or https"),
    };
    let host = parsed.host().with_context(|| format!("{url} names no host"))?;
    Ok(format!("{host}:{port}"))
}

pub(super) fn connected(deployment: &Deployment, is_new: bool, place: &str) -> String {
    let Deployment { name, generation, plugin, version, role, path, .. } = deployment;
    let verb = if is_new { "is connected as" } else { "runs as" };
    let head = format!("{name} {verb} generation {generation}: {plugin} {}", short(version));
    let is_webhook = role.as_deref() == Some("receiving");
    let own = is_webhook.then(|| format!("\nIt takes requests at {place}/hooks/{name}"));
    let claimed = path.as_ref().map(|path| format!(" and {place}{path}"));
    format!("{head}{}{}\nNext: kafka-do deployment show {name}", own.unwrap_or_default(), claimed.unwrap_or_default())
}
