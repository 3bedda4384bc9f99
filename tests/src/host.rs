//! A host of one's own: a real process, on a free port, over a folder that goes when the test does.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::parts::{binary, command};

/// Longest that a host may take to refuse a start.
const REFUSAL: Duration = Duration::from_secs(30);

pub struct Host {
    child: Option<Child>,
    /// Goes when the host does.
    _folder: TempDir,
    data: PathBuf,
    options: HostOptions,
    port: u16,
    client: reqwest::Client,
    /// What the host said when it was ready.
    pub greeting: String,
}

/// An answer, whole.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Response {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The body of a call that must have gone well.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// The code of a call that must have been refused, after a look at the form of the refusal.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        let media = self.headers.get("content-type").and_then(|value| value.to_str().ok());
        assert_eq!(media, Some("application/problem+json"), "{}", self.text);
        let problem = self.json();
        assert_eq!(problem["status"], status, "{problem}");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.len() > 20, "the detail says what to do: {problem}");
        let kind = problem["type"].as_str().unwrap_or_default();
        kind.strip_prefix("https://kafka.do/problems/").expect("a stable type").to_owned()
    }
}

/// How a host is started: what differs from one test to another.
#[derive(Clone, Default)]
pub struct HostOptions {
    data: Option<PathBuf>,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    log: Option<PathBuf>,
}

impl HostOptions {
    /// Keeps its data in this folder, which outlives it; else in one of its own.
    #[must_use]
    pub fn data(mut self, folder: &Path) -> Self {
        self.data = Some(folder.to_owned());
        self
    }

    /// More arguments to `serve`.
    #[must_use]
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// A variable of its environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes its log to this file, over all its starts; else to where the test's messages go.
    #[must_use]
    pub fn log(mut self, file: &Path) -> Self {
        self.log = Some(file.to_owned());
        self
    }

    pub async fn start(self) -> Host {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = self.data.clone().unwrap_or_else(|| folder.path().join("data"));
        // Built together with the host, the client has its TLS without a provider; the first one that is set stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::new();
        let greeting = String::new();
        let mut host = Host { child: None, _folder: folder, data, options: self, port: 0, client, greeting };
        host.launch().await;
        host
    }

    /// Starts a host that must refuse to start, and answers what it says.
    pub async fn refused(self) -> String {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = self.data.clone().unwrap_or_else(|| folder.path().join("data"));
        let mut child = self.serve(&data, 0).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut stderr = child.stderr.take().expect("it is piped");
        let told = tokio::task::spawn_blocking(move || {
            let mut told = String::new();
            stderr.read_to_string(&mut told).map(|_| told)
        });
        let told = tokio::time::timeout(REFUSAL, told).await;
        // One that serves says nothing more, and would be waited for in vain.
        let _ = child.kill();
        let status = child.wait().expect("it ends");
        let told = told.expect("it refuses to start").expect("no panic").expect("UTF-8");
        assert!(status.code().is_some_and(|code| code != 0), "{status}: {told}");
        told
    }

    // A restarted host takes its old port, so that clients that know it find it again.
    fn serve(&self, data: &Path, port: u16) -> Command {
        let mut serve = command(binary());
        serve.arg("serve").arg("--data").arg(data).arg("--http").arg(format!("127.0.0.1:{port}"));
        serve.args(&self.arguments).envs(self.variables.iter().map(|(name, value)| (name, value)));
        serve.stdin(Stdio::null()).stdout(Stdio::piped());
        if let Some(log) = &self.log {
            serve.stderr(File::options().create(true).append(true).open(log).expect("the log can be written"));
        }
        serve
    }
}

impl Host {
    pub async fn start() -> Self {
        HostOptions::default().start().await
    }

    /// Starts with more arguments to `serve`.
    pub async fn start_with(arguments: &[&str]) -> Self {
        HostOptions::default().arguments(arguments).start().await
    }

    async fn launch(&mut self) {
        self.begin();
        let stdout = self.child.as_mut().and_then(|child| child.stdout.take()).expect("it is piped");
        let greeting = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).map(|_| line)
        });
        self.greeting = greeting.await.expect("no panic").expect("a line");
        let url = self.greeting.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.unwrap_or_else(|| panic!("the host does not greet: {:?}", self.greeting));
        self.port = url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    }

    /// Starts the process, and does not wait until it is ready.
    pub fn begin(&mut self) {
        let mut serve = self.options.serve(&self.data, self.port);
        let child =
            serve.spawn().unwrap_or_else(|error| panic!("{}: {error}; run cargo xtask test", binary().display()));
        self.child = Some(child);
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn data(&self) -> PathBuf {
        self.data.clone()
    }

    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// `kill -9`, and another start over the same folder.
    pub async fn kill_and_restart(&mut self) {
        self.kill();
        self.launch().await;
    }

    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
        }
    }

    /// Asks it to stop, as an operator's tools do, and waits until it has.
    pub async fn terminate(&mut self) -> std::process::ExitStatus {
        let mut child = self.child.take().expect("it runs");
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it can be told");
        tokio::task::spawn_blocking(move || child.wait().expect("it ends")).await.expect("no panic")
    }

    pub async fn restart(&mut self) {
        assert!(self.child.is_none(), "it was stopped first");
        self.launch().await;
    }

    /// Sends a request with headers of one's own.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response, reqwest::Error> {
        let response = request.timeout(Duration::from_secs(90)).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Response { status, headers, text: response.text().await? })
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(self.client.get(self.url() + path)).await.expect("an answer")
    }

    pub async fn put(&self, path: &str, body: Value) -> Response {
        self.send(self.client.put(self.url() + path).json(&body)).await.expect("an answer")
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.send(self.client.post(self.url() + path).json(&body)).await.expect("an answer")
    }

    pub async fn patch(&self, path: &str, body: Value) -> Response {
        self.send(self.client.patch(self.url() + path).json(&body)).await.expect("an answer")
    }

    pub async fn delete(&self, path: &str) -> Response {
        self.send(self.client.delete(self.url() + path)).await.expect("an answer")
    }

    /// A produce that may find the host gone.
    pub async fn try_produce(&self, topic: &str, query: &str, lines: String) -> Result<Response, reqwest::Error> {
        self.send_bytes("POST", &format!("/v1/topics/{topic}/records{query}"), "application/x-ndjson", lines.into())
            .await
    }

    pub async fn send_bytes(
        &self,
        method: &str,
        path: &str,
        media: &str,
        body: Vec<u8>,
    ) -> Result<Response, reqwest::Error> {
        let method = method.parse().expect("a method");
        let request = self.client.request(method, self.url() + path).header("content-type", media).body(body);
        self.send(request).await
    }

    pub async fn create_topic(&self, topic: &str, partitions: u32) {
        self.put(&format!("/v1/topics/{topic}"), serde_json::json!({ "partitions": partitions })).await.ok();
    }

    /// Uploads a component.
    pub async fn upload(&self, name: &str, component: Vec<u8>) -> Response {
        self.send_bytes("PUT", &format!("/v1/plugins/{name}"), "application/wasm", component).await.expect("an answer")
    }

    /// What a metric stands at.
    pub async fn metric(&self, name: &str) -> u64 {
        let metrics = self.get("/metrics").await.text;
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no metric {name}: {metrics}"))
    }

    /// The high watermark of each partition.
    pub async fn high_watermarks(&self, topic: &str) -> Vec<u64> {
        let topic = self.get(&format!("/v1/topics/{topic}")).await.ok();
        let offsets = topic["offsets"].as_array().expect("offsets");
        offsets.iter().map(|partition| partition["high_watermark"].as_u64().expect("a number")).collect()
    }

    /// Waits until the deployment has read all that its input holds, and answers how it stands.
    pub async fn caught_up(&self, deployment: &str) -> Value {
        self.wait_for(deployment, "it has caught up", |status| {
            status["lag"] == 0 && status["tasks"].as_array().is_some_and(|tasks| !tasks.is_empty())
        })
        .await
    }

    /// Waits until a deployment is as it should be.
    pub async fn wait_for(&self, deployment: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let status = self.get(&format!("/v1/deployments/{deployment}")).await.ok();
            if is_so(&status) {
                return status;
            }
            assert!(begun.elapsed() < Duration::from_mins(2), "waited too long until {what}: {status:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.kill();
    }
}
