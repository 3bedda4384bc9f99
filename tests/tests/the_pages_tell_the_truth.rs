//! The shell sessions of the README and of each plugin's page do what the page says.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::path::Path;

use kafka_do_tests::{Host, plugins, run_sessions};

/// The secrets that pages name.
const SECRETS: &str = "\
GITHUB_SECRET=its-a-secret-to-everybody
STRIPE_SECRET=whsec_of_the_endpoint
STANDARD_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
SHOP_SECRET=hush-hush-hush
";

/// A host as the pages take it for granted: with the plugins, their secrets, and a way out to servers on this machine.
async fn check(page: &str) {
    let folder = tempfile::tempdir().unwrap();
    let secrets = folder.path().join("secrets");
    std::fs::write(&secrets, SECRETS).unwrap();
    let (plugins, secrets) = (plugins(), secrets.to_str().unwrap().to_owned());
    let arguments = ["--plugins", plugins.to_str().unwrap(), "--secrets", &secrets, "--egress-private", "127.0.0.0/8"];
    let host = Host::start_with(&arguments).await;
    let (url, page) = (host.url(), page.to_owned());
    tokio::task::spawn_blocking(move || run_sessions(Path::new(&page), &url)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour() {
    let _ = std::fs::remove_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/my-plugin"));
    check("README.md").await;
}

/// Every plugin has a page, and every page's session works.
#[tokio::test(flavor = "multi_thread")]
async fn of_each_plugin() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages = 0;
    for folder in std::fs::read_dir(root.join("plugins")).unwrap() {
        let page = folder.unwrap().path().join("README.md");
        let text = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        assert!(text.contains("```console"), "{} has a session", page.display());
        check(page.strip_prefix(&root).unwrap().to_str().unwrap()).await;
        pages += 1;
    }
    assert!(pages >= 14, "{pages} plugins were found");
}
