//! A child that runs the host: started, waited for until it is ready, and stopped. It never outlives this process, however
//! this process ends.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use rustix::process::{Pid, Signal};

use crate::{clock, environment, paths};

const READY_S_MAX: u64 = 60;
/// What a host takes to drain at most, and some more.
const STOP_S_MAX: u64 = 15;

/// What to start.
#[derive(Clone, Copy)]
pub(crate) struct Options<'a> {
    pub(crate) binary: &'a Path,
    /// Wiped first, unless it is kept.
    pub(crate) data: &'a Path,
    /// Go on with what an earlier host left in the data folder.
    pub(crate) keep: bool,
    pub(crate) http: SocketAddr,
    pub(crate) plugins: Option<&'a Path>,
    /// More arguments for `serve`.
    pub(crate) arguments: &'a [&'a str],
    /// The folder of a control group that the host runs in.
    pub(crate) group: Option<&'a Path>,
}

impl<'a> Options<'a> {
    /// On an empty folder and a free port, and nothing else.
    pub(crate) fn new(binary: &'a Path, data: &'a Path) -> Self {
        let http = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self { binary, data, keep: false, http, plugins: None, arguments: &[], group: None }
    }
}

/// A host that is ready.
pub(crate) struct Host {
    child: Child,
    pub(crate) address: SocketAddr,
    /// What the host says that its start took.
    pub(crate) start_ms: u64,
    /// From the start of the process to the line that says that it is ready.
    pub(crate) ready_after: Duration,
    /// What it logs.
    pub(crate) log: PathBuf,
}

impl Host {
    /// Starts a host, and returns when it is ready.
    pub(crate) fn start(options: &Options<'_>) -> Result<Self> {
        let Options { binary, data, keep, http, plugins, arguments, group } = *options;
        if !keep {
            wipe(data)?;
        }
        let log = data.with_extension("log");
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["tied", "--parent", &std::process::id().to_string()]);
        if let Some(group) = group {
            command.arg("--group").arg(group);
        }
        command.arg("--").arg(binary).args(["serve", "--http", &http.to_string(), "--data"]).arg(data);
        if let Some(plugins) = plugins {
            command.arg("--plugins").arg(plugins);
        }
        environment::for_host(&mut command).args(arguments);
        let logged = File::options().create(true).write(true).append(keep).truncate(!keep).open(&log);
        let logged = logged.with_context(|| format!("cannot write {}", log.display()))?;
        let begun = clock::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(logged)
            // Ctrl-C is for this process, which then stops the host in good order.
            .process_group(0)
            .spawn()
            .context("the host did not start")?;
        match wait_until_ready(&mut child) {
            Ok((address, start_ms)) => Ok(Self { child, address, start_ms, ready_after: begun.elapsed(), log }),
            Err(error) => {
                end(&mut child);
                Err(error.context(format!("the host's log is {}", paths::short(&log))))
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`: the host has no say in how it ends.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill().context("the host cannot be killed")?;
        self.child.wait().map(drop).context("the host does not end")
    }

    /// Whether it still runs; where not, how it ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the host ended with {status}; its log is {}", paths::short(&self.log)),
        }
    }

    /// Stops the host in good order: requests in flight are answered first.
    pub(crate) fn stop(mut self) -> Result<()> {
        let status = end(&mut self.child);
        match status {
            Some(status) if status.success() => Ok(()),
            Some(status) => bail!("the host ended with {status}; its log is {}", paths::short(&self.log)),
            None => bail!("the host had to be killed after {STOP_S_MAX} s; its log is {}", paths::short(&self.log)),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn wipe(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot wipe {}", folder.display()))
        }
        _ => std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display())),
    }
}

/// The address and the time of the line in which a host says that it is ready.
fn wait_until_ready(child: &mut Child) -> Result<(SocketAddr, u64)> {
    let output = child.stdout.take().context("the host has no output")?;
    let (send, lines) = mpsc::channel();
    // The thread reads on until the host ends: a host that prints into a closed pipe would fall over.
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // Nobody listens any more once the host is ready.
            drop(send.send(line));
        }
    });
    match lines.recv_timeout(Duration::from_secs(READY_S_MAX)) {
        Ok(line) => {
            parse_ready(&line).with_context(|| format!("the host should say that it is ready, and says: {line}"))
        }
        Err(mpsc::RecvTimeoutError::Timeout) => {
            bail!("the host was not ready after {READY_S_MAX} s")
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            bail!("the host ended before it was ready ({})", child.wait()?)
        }
    }
}

/// Reads `kafka-do is ready on http://ADDR after N ms, data in DIR`.
fn parse_ready(line: &str) -> Option<(SocketAddr, u64)> {
    let (address, rest) = line.strip_prefix("kafka-do is ready on http://")?.split_once(" after ")?;
    let (ms, _) = rest.split_once(" ms")?;
    Some((address.parse().ok()?, ms.parse().ok()?))
}

/// Asks a child to stop, waits for it, and kills it where it does not. Its status, unless it was killed.
fn end(child: &mut Child) -> Option<std::process::ExitStatus> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let begun = clock::now();
    let mut told = false;
    while begun.elapsed() < Duration::from_secs(STOP_S_MAX) {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => {}
            Err(_) => break,
        }
        if !told && let Some(pid) = pid {
            // A child that is gone meanwhile is what the next round finds.
            let _ = rustix::process::kill_process(pid, Signal::TERM);
            told = true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// Becomes a program that the kernel kills when the process that started this one dies.
#[derive(Debug, Args)]
pub(crate) struct Tied {
    /// The process that this one dies with
    #[arg(long)]
    parent: u32,
    /// The folder of a control group to run in
    #[arg(long)]
    group: Option<PathBuf>,
    #[arg(last = true, required = true)]
    program: Vec<OsString>,
}

impl Tied {
    pub(crate) fn run(self) -> Result<ExitCode> {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().unsigned_abs());
        // It may have died before the kernel was asked to watch it.
        if parent != Some(self.parent) {
            bail!("the parent is gone");
        }
        if let Some(group) = self.group {
            // In both versions of control groups 0 is the process that writes.
            let members = group.join("cgroup.procs");
            std::fs::write(&members, "0").with_context(|| format!("cannot write {}", members.display()))?;
        }
        let (program, args) = self.program.split_first().context("no program")?;
        let error = Command::new(program).args(args).exec();
        Err(error).with_context(|| format!("cannot run {}", Path::new(program).display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_line_is_read() {
        let line = "kafka-do is ready on http://127.0.0.1:41234 after 38 ms, data in target/demo-data";
        let expected = ("127.0.0.1:41234".parse().unwrap(), 38);
        assert_eq!(parse_ready(line), Some(expected));
        assert_eq!(parse_ready("kafka-do is ready on http://nowhere after 1 ms"), None);
        assert_eq!(parse_ready(""), None);
    }
}
