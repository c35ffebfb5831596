//! Links, redirects and `Location`s that lead elsewhere: nothing is sent there, and so no token.

use std::io::ErrorKind;
use std::net::TcpListener;

use serde_json::{Value, json};
use teamsconnector::domain::run::Outcome;

use crate::support::bench::Bench;
use crate::support::web;

/// Somebody on this machine who would like to have a token: whoever comes to any of its addresses is counted.
struct Thief(TcpListener);

impl Thief {
    fn new() -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// How many have connected since the last time. A connection is there before its client goes on.
    fn visits(&self) -> usize {
        let mut visits = 0;
        loop {
            match self.0.accept() {
                Ok(_) => visits += 1,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return visits,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// Addresses that look more or less like `ours`, a port of this machine, and lead to `theirs`, or out of Graph.
fn forms(ours: u16, theirs: u16) -> Vec<String> {
    let page = "v1.0/users?$skiptoken=x";
    vec![
        // Another port, another host, another scheme.
        format!("http://127.0.0.1:{theirs}/{page}"),
        format!("http://127.0.0.2:{theirs}/{page}"),
        format!("http://127.0.0.2:{ours}/{page}"),
        format!("http://localhost:{theirs}/{page}"),
        format!("https://127.0.0.1:{theirs}/{page}"),
        format!("https://127.0.0.1:{ours}/{page}"),
        // A user name that looks like the host.
        format!("http://127.0.0.1:{ours}@127.0.0.1:{theirs}/{page}"),
        format!("http://127.0.0.1%3A{ours}@127.0.0.1:{theirs}/{page}"),
        format!("http://user:password@127.0.0.1:{ours}/{page}"),
        // Case, spaces and line breaks that parsers swallow.
        format!("HtTp://127.0.0.1:{theirs}/{page}"),
        format!(" ht\ntp://127.0.0.1:{theirs}/{page}"),
        // The same address, written otherwise.
        format!("http://2130706433:{theirs}/{page}"),
        format!("http://0x7f.1:{theirs}/{page}"),
        format!("http://\u{ff11}27.0.0.1:{theirs}/{page}"),
        format!("http://[::ffff:127.0.0.1]:{theirs}/{page}"),
        // A host that begins or ends like ours.
        format!("http://127.0.0.1.localhost:{theirs}/{page}"),
        format!("http://localhost.:{theirs}/{page}"),
        // Backslashes, and no scheme.
        format!("http:\\\\127.0.0.1:{theirs}\\{page}"),
        format!("http://127.0.0.1:{theirs}\\@127.0.0.1:{ours}/{page}"),
        format!("//127.0.0.1:{theirs}/{page}"),
        format!("/{page}"),
        // Our host, but out of Graph's tree.
        format!("http://127.0.0.1:{ours}/v1.0/../other.example/{page}"),
        format!("http://127.0.0.1:{ours}/v1.0/%2e%2e/other.example/oauth2/v2.0/token"),
        format!("file:///{page}"),
    ]
}

async fn ready() -> (Bench, Thief, Vec<String>) {
    let mut bench = Bench::new("tour").await;
    bench.sync().await;
    let thief = Thief::new();
    let ours = bench.base().rsplit(':').next().unwrap().parse().unwrap();
    let forms = forms(ours, thief.port());
    (bench, thief, forms)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_next_link_that_leads_elsewhere_ends_the_run_before_anything_is_sent_there() {
    let (mut bench, thief, forms) = ready().await;
    let before = bench.store().cache.head().await.unwrap();
    assert!(forms.len() >= 12);
    for form in &forms {
        web::knobs(
            &bench.base(),
            &json!({ "delta_refusal": "gone", "page_size": 5, "next_link": form }),
        );
        let asked = web::count(&bench.base(), "GET", "");
        let ran = bench.sync().await;
        assert!(
            matches!(&ran.outcome, Outcome::Failed(failure) if failure.headline.contains("points to a foreign address")),
            "{form}: {}",
            ran.text()
        );
        assert_eq!(thief.visits(), 0, "{form}");
        assert!(web::count(&bench.base(), "GET", "") > asked);
        assert_eq!(web::count(&bench.base(), "GET", "other.example"), 0);
        assert_eq!(bench.store().cache.head().await.unwrap(), before, "{form}");
    }
}

fn struck(path: &str, method: &str, status: u16, location: &str) -> Value {
    json!({ "fail_next": [{ "path_contains": path, "method": method, "times": 1, "status": status, "location": location }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn no_redirect_is_followed_wherever_it_leads() {
    let (mut bench, thief, forms) = ready().await;
    let printable = forms
        .iter()
        .filter(|form| form.is_ascii() && !form.contains('\n'));
    for (n, form) in printable.enumerate() {
        let status = [301, 302, 303, 307, 308][n % 5];
        let knobs = struck("/v1.0/", "GET", status, form);
        web::knobs(&bench.base(), &knobs);
        let ran = bench.sync().await;
        assert!(
            matches!(ran.outcome, Outcome::Failed(_)),
            "{status} {form}: {}",
            ran.text()
        );
        assert_eq!(thief.visits(), 0, "{status} {form}");
        // Entra's redirects are not followed either.
        web::knobs(
            &bench.base(),
            &struck("oauth2/v2.0/token", "POST", status, form),
        );
        web::knobs(&bench.base(), &json!({ "expire_tokens": true }));
        let ran = bench.sync().await;
        assert!(
            matches!(ran.outcome, Outcome::Failed(_)),
            "{status} {form}: {}",
            ran.text()
        );
        assert_eq!(thief.visits(), 0, "{status} {form}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_lies_elsewhere_is_not_asked_for_there() {
    let (mut bench, thief, forms) = ready().await;
    let printable: Vec<_> = forms
        .iter()
        .filter(|form| form.is_ascii() && !form.contains('\n'))
        .collect();
    let diego = bench.add("diego@contoso.example").await;
    bench.want_number(&diego, Some("+14255550150")).await;
    for form in printable {
        let knobs = struck("unassignNumber", "POST", 202, form);
        web::knobs(&bench.base(), &knobs);
        if bench.desk().await.entries.is_empty() {
            break;
        }
        bench.apply().await;
        assert_eq!(thief.visits(), 0, "{form}");
    }
}

/// A link to the next delta is kept from one run to the next: it is not followed then either.
#[tokio::test(flavor = "multi_thread")]
async fn a_delta_link_that_leads_elsewhere_is_not_followed_by_the_next_run() {
    let (mut bench, thief, forms) = ready().await;
    for form in forms {
        web::knobs(&bench.base(), &json!({ "delta_link": form }));
        bench.sync().await;
        web::knobs(&bench.base(), &json!({ "delta_link": null }));
        let before = web::count(&bench.base(), "GET", "other.example");
        let ran = bench.sync().await;
        assert_eq!(ran.outcome, Outcome::Done, "{form}: {}", ran.text());
        assert_eq!(thief.visits(), 0, "{form}");
        assert_eq!(
            web::count(&bench.base(), "GET", "other.example"),
            before,
            "{form}"
        );
        let again = bench.sync().await;
        assert!(
            again.says("0 changed, 0 removed since the last run"),
            "{form}: {}",
            again.text()
        );
    }
}
