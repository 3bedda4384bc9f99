//! `kafka-do plugin`: from a new folder to a running deployment.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use hyper::StatusCode;
use kafka_do_guest_build::{Component, JsRequest, Language, Request, build, build_js, is_js, scaffold_in};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Answer, Client, Content, encoded};
use super::deploy_form::{Canary, DeployForm, Grants, Input};
use super::deployment::{self, Deployment};
use super::output::{Column, Output, Table, bytes, joined, number, pairs, print, short, time};
use crate::config::unit::parse_ms;
use crate::limits::COMPONENT_BYTES_MAX;

#[derive(Debug, Subcommand)]
pub(super) enum PluginCommand {
    /// Start a plugin: a folder with a small processor, its test, and the SDK
    New {
        /// Lowercase letters, digits and hyphens
        name: String,
        /// What it is written in: rust or js
        #[arg(long, value_name = "LANGUAGE", default_value_t = Language::Rust)]
        language: Language,
        /// Folder to make [default: the name]
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    Build(Build),
    /// Upload a component as the newest version of a plugin
    Upload {
        /// The component, as build makes it
        file: PathBuf,
        /// The plugin's name [default: the file's name without .wasm]
        #[arg(long)]
        name: Option<String>,
    },
    Deploy(Box<Deploy>),
    /// List all plugins
    List,
    /// Show a plugin, its versions and the schema of its settings
    Show {
        name: String,
    },
    /// Remove a plugin; what deployments run stays
    Delete {
        name: String,
        /// Remove this version only; its first digits do
        #[arg(long, value_name = "VERSION")]
        version: Option<String>,
    },
}

/// Build a project's plugins into WebAssembly components, optimised
///
/// Works with whatever Rust toolchain is here; what it lacks for WebAssembly is installed where that can be done. A plugin in
/// JavaScript needs Node.js and npm.
#[derive(Debug, Args)]
pub(super) struct Build {
    /// The Cargo.toml of a plugin, or of a workspace with several; or the package.json of one in JavaScript
    /// [default: that of this folder]
    #[arg(long, value_name = "FILE")]
    manifest_path: Option<PathBuf>,
    /// Build this package only; may be repeated [default: all plugins of the manifest]
    #[arg(long, short, value_name = "NAME")]
    package: Vec<String>,
    /// Folder for the components [default: target/plugins of the project]
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
}

/// Upload a component and run it on a topic, or swap what runs under the name
///
/// A swap loses and repeats no record, and shows at which offset and for how long each partition stood still. It takes
/// output, settings, grants and changelog from this command alone, not from what ran before.
#[derive(Debug, Args)]
pub(super) struct Deploy {
    /// A component, which is uploaded first; or the name of a plugin that the host has
    #[arg(value_name = "FILE|PLUGIN")]
    file: PathBuf,
    /// The deployment's name [default: the plugin's]
    #[arg(long, value_name = "DEPLOYMENT")]
    name: Option<String>,
    /// The plugin's name [default: the file's name without .wasm]
    #[arg(long)]
    plugin: Option<String>,
    /// Of a plugin that the host has: its version, or the first digits of it [default: the newest]
    #[arg(long)]
    version: Option<String>,
    /// A topic that it reads; may be repeated. TOPIC@START begins elsewhere than --start says. Sources and webhooks read none
    #[arg(long, value_name = "TOPIC")]
    from: Vec<String>,
    /// Where its records go that name no topic; made where it is missing
    #[arg(long, value_name = "TOPIC")]
    to: Option<String>,
    /// A JSON object that fits the plugin's settings schema [default: {}]
    #[arg(long, value_name = "JSON", conflicts_with = "settings_file")]
    settings: Option<String>,
    /// A file with the same
    #[arg(long, value_name = "FILE")]
    settings_file: Option<PathBuf>,
    /// Where a new deployment begins: earliest, latest, or a time (RFC 3339, or milliseconds since
    /// 1970); a swap goes on where it was [default: earliest]
    #[arg(long, value_name = "WHERE")]
    start: Option<String>,
    /// A further topic that it may write to; may be repeated
    #[arg(long, value_name = "TOPIC")]
    grant_topic: Vec<String>,
    /// It may write to any topic whose name begins so; may be repeated
    #[arg(long, value_name = "PREFIX")]
    grant_topic_prefix: Vec<String>,
    /// A host that a sink or a source may send to, as in hooks.example.com:443; may be repeated
    #[arg(long, value_name = "HOST:PORT")]
    grant_host: Vec<String>,
    /// Where a webhook takes requests, beside /hooks/DEPLOYMENT
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Write every change of its state to compacted topics, DEPLOYMENT.TABLE.changelog
    #[arg(long)]
    changelog: bool,
    /// Begin with the state that the changelog of an earlier deployment of this name has; --start says where in the inputs
    /// to go on
    #[arg(long, requires_all = ["changelog", "start"])]
    restore_state: bool,
    /// Try a swap on this partition first; it goes on to all, or back, by itself
    #[arg(long, value_name = "PARTITION", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    canary: Option<u32>,
    /// How long a canary is watched [default: 30s]
    #[arg(long, value_name = "TIME", requires = "canary", value_parser = parse_ms)]
    watch: Option<u64>,
    /// By how many percent a canary's output per record may differ [default: 50]
    #[arg(long, value_name = "PERCENT", requires = "canary")]
    tolerance: Option<u32>,
}

#[derive(Deserialize)]
struct Plugin {
    name: String,
    version: String,
    role: String,
    summary: String,
    settings_schema: Value,
    state_tables: Vec<String>,
    versions: Vec<Upload>,
}

#[derive(Deserialize)]
struct Upload {
    version: String,
    bytes: u64,
    uploaded_ms: i64,
    deployments: Vec<String>,
}

#[derive(Deserialize)]
struct Plugins {
    items: Vec<Plugin>,
}

impl PluginCommand {
    pub(super) async fn run(self, client: &mut Client, output: Output) -> anyhow::Result<()> {
        match self {
            Self::New { name, language, dir } => new(language, &name, dir, output),
            Self::Build(build) => build.run(output),
            Self::Upload { file, name } => {
                let name = name.map_or_else(|| stem(&file), Ok)?;
                let answer = upload(client, &name, &file).await?;
                let done = if answer.status == StatusCode::CREATED { "uploaded" } else { "the newest version already" };
                output.show(&answer.body, |plugin: Plugin| {
                    let Plugin { name, version, role, summary, .. } = plugin;
                    let (version, next) = (short(&version), next_step(&role, &name));
                    format!("{name} {version} is {done}: {summary}\nNext: {next}")
                })
            }
            Self::Deploy(deploy) => deploy.run(client, output).await,
            Self::List => output.show(&client.list("/v1/plugins").await?, |plugins: Plugins| list(&plugins.items)),
            Self::Show { name } => output.show(&client.get(&path(&name)).await?.body, |plugin: Plugin| show(&plugin)),
            Self::Delete { name, version: None } => {
                client.delete(&path(&name)).await?;
                output.say(&format!("{name} is removed"))
            }
            Self::Delete { name, version: Some(version) } => {
                client.delete(&format!("{}/versions/{}", path(&name), encoded(&version))).await?;
                output.say(&format!("version {version} of {name} is removed"))
            }
        }
    }
}

/// How a plugin of the role is set to work.
fn next_step(role: &str, plugin: &str) -> String {
    match role {
        "sinking" | "sourcing" | "receiving" => format!("kafka-do connect {plugin} --topic TOPIC"),
        "parsing" => format!("kafka-do plugin deploy {plugin}"),
        _ => format!("kafka-do plugin deploy {plugin} --from TOPIC --to TOPIC"),
    }
}

fn path(name: &str) -> String {
    format!("/v1/plugins/{}", encoded(name))
}

fn new(language: Language, name: &str, dir: Option<PathBuf>, output: Output) -> anyhow::Result<()> {
    let made = scaffold_in(language, &dir.unwrap_or_else(|| name.into()), name)?;
    if output.json {
        return print(&json!({ "dir": made.dir, "files": made.files }).to_string());
    }
    let files: Vec<_> = made.files.iter().map(|file| format!("  {}", file.display())).collect();
    let (dir, files) = (made.dir.display(), files.join("\n"));
    let test = match language {
        Language::Rust => "cargo test",
        Language::JavaScript => "npm install && npm test",
    };
    print(&format!("{dir} is ready:\n{files}\nNext: cd {dir} && {test} && kafka-do plugin build"))
}

impl Build {
    fn run(self, output: Output) -> anyhow::Result<()> {
        let components = self.build()?;
        for Component { name, path, bytes: size } in components {
            let path = near(&path);
            if output.json {
                print(&json!({ "name": name, "path": path, "bytes": size }).to_string())?;
            } else {
                let path = path.display();
                print(&format!(
                    "{path} ({})\nNext: kafka-do plugin deploy {path} --from TOPIC --to TOPIC",
                    bytes(size)
                ))?;
            }
        }
        Ok(())
    }
}

impl Build {
    fn build(self) -> anyhow::Result<Vec<Component>> {
        let manifest = self.manifest_path.unwrap_or_else(|| {
            let cargo = PathBuf::from("Cargo.toml");
            let node = PathBuf::from("package.json");
            if !cargo.is_file() && node.is_file() { node } else { cargo }
        });
        let say = &mut |sentence: &str| eprintln!("{sentence}");
        if is_js(&manifest) {
            if !self.package.is_empty() {
                bail!("a package.json is one plugin; leave --package out");
            }
            let folder = manifest.parent().unwrap_or(Path::new(""));
            let out_dir = self.out_dir.unwrap_or_else(|| folder.join("target/plugins"));
            return Ok(vec![build_js(JsRequest { manifest_path: &manifest, out_dir: &out_dir, say })?]);
        }
        let target = target_dir(&manifest)?;
        let out_dir = self.out_dir.unwrap_or_else(|| target.join("plugins"));
        build(Request {
            manifest_path: &manifest,
            packages: &self.package,
            target_dir: &target.join("guests"),
            out_dir: &out_dir,
            say,
        })
    }
}

/// The folder that cargo builds the manifest's project in: that of its workspace, or what the environment says.
fn target_dir(manifest: &Path) -> anyhow::Result<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    if !manifest.is_file() {
        bail!(
            "there is no {}, nor a package.json; run this in a plugin's folder, or start one with kafka-do plugin new NAME",
            manifest.display()
        );
    }
    let arguments = ["metadata", "--no-deps", "--format-version", "1", "--manifest-path"];
    let cargo = Command::new("cargo").args(arguments).arg(manifest).output();
    let cargo = cargo.context("cargo did not start; is Rust installed? See https://rustup.rs")?;
    if !cargo.status.success() {
        bail!("cargo cannot read {}: {}", manifest.display(), String::from_utf8_lossy(&cargo.stderr).trim());
    }
    let metadata: Metadata = serde_json::from_slice(&cargo.stdout).context("cargo metadata is of an unknown form")?;
    Ok(metadata.target_directory)
}

/// The path as a person here would type it.
fn near(path: &Path) -> PathBuf {
    let here = std::env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path).to_owned()
}

pub(super) fn stem(file: &Path) -> anyhow::Result<String> {
    let stem = file.file_stem().and_then(|stem| stem.to_str());
    stem.map(str::to_owned).with_context(|| format!("{} names no plugin; give one with --plugin", file.display()))
}

pub(super) async fn upload(client: &mut Client, name: &str, file: &Path) -> anyhow::Result<Answer> {
    let component = match tokio::fs::read(file).await {
        Ok(component) => component,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("there is no {}; kafka-do plugin build makes it", file.display())
        }
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", file.display())),
    };
    if component.len() > COMPONENT_BYTES_MAX {
        bail!(
            "{} is over the {COMPONENT_BYTES_MAX} bytes of a component; build it with kafka-do plugin build",
            file.display()
        );
    }
    Ok(client.put(&path(name), Content::wasm(component.into())).await?)
}

impl Deploy {
    async fn run(self, client: &mut Client, output: Output) -> anyhow::Result<()> {
        let settings = self.read_settings().await?;
        let plugin = self.plugin.clone().map_or_else(|| stem(&self.file), Ok)?;
        let version = if self.names_a_plugin() {
            self.version
        } else if self.version.is_some() {
            bail!("a file is a version of its own; --version goes with the name of a plugin");
        } else {
            // By its content, so that an upload from elsewhere in between changes nothing.
            Some(upload(client, &plugin, &self.file).await?.parse::<Plugin>()?.version)
        };
        let form = DeployForm {
            plugin: &plugin,
            version,
            inputs: self.from.iter().map(|topic| Input::new(topic)).collect(),
            output: self.to.as_deref(),
            settings,
            grants: Grants {
                topics: &self.grant_topic,
                topic_prefixes: &self.grant_topic_prefix,
                hosts: &self.grant_host,
            },
            path: self.path.as_deref(),
            start: self.start.as_deref(),
            changelog: self.changelog,
            restore_state: self.restore_state,
            canary: self.canary.map(|partition| Canary {
                partition,
                watch_ms: self.watch,
                tolerance_percent: self.tolerance,
            }),
        };
        let name = self.name.as_deref().unwrap_or(&plugin);
        let answer = client.put(&deployment::path(name), Content::json(&form)?).await?;
        let is_new = answer.status == StatusCode::CREATED;
        output.show(&answer.body, |deployment: Deployment| deployed(&deployment, is_new))
    }

    /// A file wins over a plugin of the same name; what looks like a path never names a plugin.
    fn names_a_plugin(&self) -> bool {
        let is_path =
            self.file.components().count() > 1 || self.file.extension().is_some_and(|extension| extension == "wasm");
        !is_path && !self.file.is_file()
    }

    async fn read_settings(&self) -> anyhow::Result<Value> {
        let (text, place) = match (&self.settings, &self.settings_file) {
            (Some(text), _) => (text.clone(), "--settings".to_owned()),
            (None, Some(file)) => {
                let text = tokio::fs::read_to_string(file).await;
                (text.with_context(|| format!("{} cannot be read", file.display()))?, file.display().to_string())
            }
            (None, None) => return Ok(json!({})),
        };
        serde_json::from_str(&text).with_context(|| format!("{place} is not JSON"))
    }
}

pub(super) fn deployed(deployment: &Deployment, is_new: bool) -> String {
    let Deployment { name, generation, plugin, version, .. } = deployment;
    let what = format!("{plugin} {}", short(version));
    match &deployment.swap {
        Some(swap) if let Some(canary) = &deployment.canary => {
            format!(
                "{name} tries generation {} on partition {}, until {}\n{}\nNext: kafka-do deployment show {name}",
                canary.generation,
                canary.partition,
                time(canary.until_ms),
                deployment::swaps(swap)
            )
        }
        Some(swap) if !is_new => {
            format!("{name} swapped to generation {generation}: {what}\n{}", deployment::swaps(swap))
        }
        None if !is_new => format!("{name} runs this already, as generation {generation}: {what}"),
        _ => format!("{name} is deployed as generation {generation}: {what}\nNext: kafka-do deployment show {name}"),
    }
}

fn list(plugins: &[Plugin]) -> String {
    if plugins.is_empty() {
        return "There are no plugins yet; start one with kafka-do plugin new NAME".to_owned();
    }
    let mut table = Table::new(&[
        Column::Text("plugin"),
        Column::Text("role"),
        Column::Text("version"),
        Column::Number("versions"),
        Column::Text("summary"),
    ]);
    for plugin in plugins {
        let Plugin { name, role, version, summary, versions, .. } = plugin;
        table.add([
            name.clone(),
            role.clone(),
            short(version).to_owned(),
            number(versions.len() as u64),
            summary.clone(),
        ]);
    }
    table.text()
}

fn show(plugin: &Plugin) -> String {
    let head = pairs([
        ("plugin", plugin.name.clone()),
        ("summary", plugin.summary.clone()),
        ("role", plugin.role.clone()),
        ("state tables", joined(&plugin.state_tables)),
    ]);
    let mut table = Table::new(&[
        Column::Text("version"),
        Column::Number("size"),
        Column::Text("uploaded"),
        Column::Text("deployments"),
    ]);
    for version in plugin.versions.iter().rev() {
        let Upload { version, bytes: size, uploaded_ms, deployments } = version;
        table.add([short(version).to_owned(), bytes(*size), time(*uploaded_ms), joined(deployments)]);
    }
    format!("{head}\n{}\n\nsettings schema\n{:#}", table.text(), plugin.settings_schema)
}
