//! A server that is not ours, as a child process on a free port of the loopback interface.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::wait::until;

/// How often a port may be taken by somebody else between the look and the start.
const TRIES: usize = 5;

pub(crate) struct Server {
    make: Box<dyn Fn(u16) -> Command + Send + Sync>,
    port: u16,
    child: Option<Child>,
}

impl Server {
    /// `make` is told the port to listen on.
    pub(crate) async fn start(make: impl Fn(u16) -> Command + Send + Sync + 'static) -> Self {
        let mut server = Self { make: Box::new(make), port: 0, child: None };
        for _ in 0..TRIES {
            server.port = free_port();
            if server.launch().await {
                return server;
            }
        }
        panic!("{:?} does not start", (server.make)(server.port));
    }

    /// Whether it came to listen.
    async fn launch(&mut self) -> bool {
        let mut command = (self.make)(self.port);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        self.child = Some(child.unwrap_or_else(|error| panic!("{command:?}: {error}")));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        until("a server listens", async || {
            let ended = self.child.as_mut()?.try_wait().expect("it can be asked").is_some();
            (ended || TcpStream::connect(address).is_ok()).then_some(!ended)
        })
        .await
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
        }
    }

    /// Another one on the same port.
    pub(crate) async fn restart(&mut self) {
        assert!(self.child.is_none(), "it was killed first");
        let listens = self.launch().await;
        assert!(listens, "it starts again");
    }

    /// Stops it where it stands: the kernel goes on to take connections and bytes, and nobody answers.
    pub(crate) fn pause(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("it runs");
        kill_process(Pid::from_child(child), signal).expect("it can be told");
    }

    /// Whether the kernel holds bytes for it that it has not read: somebody is in the middle of a request.
    pub(crate) fn has_unread(&self) -> bool {
        let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux has it");
        let local = format!(":{:04X}", self.port);
        table.lines().skip(1).any(|line| {
            // `sl local remote state tx:rx ...`; a listener's queue counts connections, and its state is 0A.
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields[1].ends_with(&local) && fields[3] == "01" && !fields[4].ends_with(":00000000")
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("it has an address").port()
}
