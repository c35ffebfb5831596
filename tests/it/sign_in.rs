//! Every way to sign in, over the wire: what is asked for, what is refused and how that is told.

use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::json;
use teamsconnector::domain::pace::Pace;
use teamsconnector::domain::planning::Allowed;
use teamsconnector::domain::sign_in::{Prompt, PromptWay, SignInWay};
use teamsconnector::graph::SignIn;
use teamsconnector::graph::certificate::{Certificate, CertificateError};
use teamsconnector::graph::error::GraphError;
use teamsconnector::graph::scopes::lacking;
use tokio::sync::mpsc;

use crate::support::bench::noon;
use crate::support::browser;
use crate::support::sign_in::{Place, Way, by_code};
use crate::support::tls::{Authority, Front};
use crate::support::web;

const APPLICATION: &str = include_str!("../data/application.pem");
const ANOTHER: &str = include_str!("../data/another_application.pem");

fn certificate(pem: &str) -> Certificate {
    Certificate::from_pem(&SecretString::from(pem)).unwrap()
}

async fn code_refused(polls: &[&str]) -> GraphError {
    let place = Place::new().await;
    place.knobs(&json!({ "device_polls": polls }));
    let client = place.client(Way::new(SignIn::DeviceCode));
    let (to, _shown) = mpsc::unbounded_channel::<Prompt>();
    client.sign_in_by_code(&to).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_asks_for_reading_alone_and_survives_a_bad_network() {
    let place = Place::new().await;
    let polls = ["authorization_pending", "slow_down", "approve"];
    let faults = json!([
        { "path_contains": "oauth2/v2.0/token", "times": 1, "status": 502, "html": true },
        { "path_contains": "oauth2/v2.0/token", "times": 1, "drop": true },
        { "path_contains": "oauth2/v2.0/token", "times": 1, "status": 429, "retry_after": 3 },
        { "path_contains": "oauth2/v2.0/token", "times": 1, "status": 503, "body": { "odd": true } },
    ]);
    place.knobs(&json!({ "device_polls": polls, "fail_next": faults }));
    let client = place.client(Way::new(SignIn::DeviceCode));
    let (who, prompt) = by_code(&client).await;
    assert_eq!(who.tenant, place.simulator.tenant_id().parse().ok());
    assert_eq!(prompt.app, place.simulator.client_id());
    assert_eq!(prompt.tenant, place.simulator.tenant_id());
    assert_eq!(
        prompt.scopes,
        [
            "User.Read.All",
            "Organization.Read.All",
            "GroupMember.Read.All",
            "TeamsUserConfiguration.Read.All",
            "TeamsTelephoneNumber.Read.All"
        ]
    );
    assert!(
        matches!(&prompt.way, PromptWay::Code { address, .. } if address.ends_with("/devicelogin"))
    );
    assert!(
        !who.granted.iter().any(|one| one.contains("Write")),
        "{:?}",
        who.granted
    );
    assert_eq!(place.asked_for_tokens(), 7);
    assert!(!client.subscribed_skus().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_not_granted_says_why_and_how_to_go_on() {
    let new = "Begin the sign-in again";
    for (told, cause, way_out, next) in [
        (
            "authorization_declined",
            "the sign-in was declined in the browser",
            new,
            None,
        ),
        (
            "access_denied",
            "the sign-in was declined in the browser",
            new,
            None,
        ),
        ("expired_token", "the code was not used in time", new, None),
        (
            "bad_verification_code",
            "Entra ID does not know the code",
            new,
            None,
        ),
        (
            "blocked",
            "a Conditional Access policy of the tenant blocks this sign-in",
            "Try the other way",
            Some(SignInWay::Browser),
        ),
        (
            "unmanaged",
            "the tenant's policy wants a managed device, which a code cannot show",
            "sign_in = \"browser\"",
            Some(SignInWay::Browser),
        ),
    ] {
        let error = code_refused(&["authorization_pending", told]).await;
        let failure = error.failure("Signing in");
        assert_eq!(failure.headline, format!("Signing in failed: {cause}"));
        assert!(failure.hint.contains(way_out), "{told}: {}", failure.hint);
        assert!(
            failure.detail.contains("AADSTS"),
            "{told}: {}",
            failure.detail
        );
        assert!(
            failure.detail.contains("Trace ID: "),
            "{told}: {}",
            failure.detail
        );
        assert!(
            failure.detail.contains("Correlation ID: "),
            "{told}: {}",
            failure.detail
        );
        assert_eq!(error.next_way(), next, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_comes_back_once_and_the_port_is_closed() {
    let place = Place::new().await;
    let client = place.client(Way {
        pace: Pace::Real,
        ..Way::new(SignIn::Browser)
    });
    let (to, mut shown) = mpsc::unbounded_channel::<Prompt>();
    let person = async {
        let prompt = shown.recv().await.unwrap();
        let PromptWay::Browser {
            address,
            port,
            forward,
        } = prompt.way
        else {
            panic!("a page was asked for");
        };
        assert!(
            forward.starts_with(&format!("ssh -L {port}:127.0.0.1:{port} pat@")),
            "{forward}"
        );
        assert_eq!(
            prompt.until.duration_since(noon()),
            SignedDuration::from_mins(10)
        );
        for part in [
            "code_challenge_method=S256",
            "response_mode=query",
            &format!("redirect_uri=http%3A%2F%2Flocalhost%3A{port}"),
            "offline_access",
        ] {
            assert!(address.contains(part), "{part}: {address}");
        }
        assert!(!address.contains("Write"), "{address}");
        let (icon, page) = tokio::task::spawn_blocking(move || {
            let icon = browser::open(&format!("http://localhost:{port}/favicon.ico"));
            (icon, browser::follow(&address))
        })
        .await
        .unwrap();
        assert_eq!((icon.status, page.status), (404, 200));
        assert!(
            page.text.contains("You can close this page"),
            "{}",
            page.text
        );
        port
    };
    let (who, port) = tokio::join!(client.sign_in_by_browser(&to), person);
    assert_eq!(
        who.unwrap().tenant,
        place.simulator.tenant_id().parse().ok()
    );
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    assert!(!client.subscribed_skus().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_brings_a_refusal_and_one_that_never_comes() {
    let place = Place::new().await;
    place.knobs(&json!({ "device_polls": ["declined"] }));
    let client = place.client(Way {
        pace: Pace::Real,
        ..Way::new(SignIn::Browser)
    });
    let (to, mut shown) = mpsc::unbounded_channel::<Prompt>();
    let person = async {
        let prompt = shown.recv().await.unwrap();
        let PromptWay::Browser { address, .. } = prompt.way else {
            panic!("a page was asked for");
        };
        tokio::task::spawn_blocking(move || browser::follow(&address))
            .await
            .unwrap()
    };
    let (error, page) = tokio::join!(client.sign_in_by_browser(&to), person);
    assert!(page.text.contains("the terminal says why"), "{}", page.text);
    let failure = error.unwrap_err().failure("Signing in");
    assert_eq!(
        failure.headline,
        "Signing in failed: consent was declined in the browser"
    );
    assert!(
        failure.hint.contains("/adminconsent?client_id="),
        "{}",
        failure.hint
    );

    // A policy's page does not lead back: the way then ends with its time, which passes at once here.
    place.knobs(&json!({ "device_polls": ["blocked"] }));
    let client = place.client(Way::new(SignIn::Browser));
    let error = client.sign_in_by_browser(&to).await.unwrap_err();
    assert_eq!(
        error.failure("Signing in").headline,
        "Signing in failed: nobody came back from the browser in time"
    );
    assert_eq!(error.next_way(), Some(SignInWay::DeviceCode));
    let PromptWay::Browser { address, .. } = shown.recv().await.unwrap().way else {
        panic!("a page was asked for");
    };
    assert!(browser::open(&address).text.contains("AADSTS53003"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_signs_and_another_one_is_refused() {
    let place = Place::new().await;
    place.knobs(&json!({ "certificate": APPLICATION }));
    let client = place.client(Way::new(SignIn::Certificate(certificate(APPLICATION))));
    let who = client.sign_in().await.unwrap();
    assert_eq!(who.account, format!("app {}", place.simulator.client_id()));
    assert!(!client.subscribed_skus().await.unwrap().is_empty());
    assert_eq!(place.asked_for_tokens(), 1);

    let stranger = place.client(Way::new(SignIn::Certificate(certificate(ANOTHER))));
    let failure = stranger.sign_in().await.unwrap_err().failure("Signing in");
    assert_eq!(
        failure.headline,
        "Signing in failed: the certificate is not the one that the application knows"
    );
    assert!(
        failure.detail.contains("AADSTS700027: "),
        "{}",
        failure.detail
    );

    let late = place.client(Way {
        clock: noon() - SignedDuration::from_hours(26),
        ..Way::new(SignIn::Certificate(certificate(APPLICATION)))
    });
    let failure = late.sign_in().await.unwrap_err().failure("Signing in");
    assert!(
        failure.detail.contains("AADSTS700024: "),
        "{}",
        failure.detail
    );
    assert!(
        failure
            .hint
            .ends_with("This machine's clock is 26 hours behind the server's: set it first."),
        "{}",
        failure.hint
    );
}

#[test]
fn a_certificate_that_cannot_be_used_says_why() {
    let read = |text: &str| Certificate::from_pem(&SecretString::from(text)).unwrap_err();
    let (own, key) = APPLICATION.split_at(APPLICATION.find("-----BEGIN PRIVATE").unwrap());
    assert_eq!(read(""), CertificateError::NoCertificate);
    assert_eq!(read(own), CertificateError::NoKey);
    assert_eq!(read(key), CertificateError::NoCertificate);
    let foreign = &ANOTHER[ANOTHER.find("-----BEGIN CERT").unwrap()..];
    assert_eq!(read(&format!("{key}{foreign}")), CertificateError::Mismatch);
    let pair = rcgen::KeyPair::generate().unwrap();
    assert_eq!(
        read(&format!("{own}{}", pair.serialize_pem())),
        CertificateError::Key
    );
    let shown = format!("{:?}", SignIn::Certificate(certificate(APPLICATION)));
    assert_eq!(shown, "Certificate(Certificate { bytes: 827, .. })");
}

#[tokio::test(flavor = "multi_thread")]
async fn writing_is_asked_for_when_it_is_allowed_and_reading_goes_on_without() {
    let place = Place::new().await;
    let client = place.person();
    by_code(&client).await;
    let numbers = Allowed {
        numbers: true,
        ..Allowed::default()
    };
    client.allow_write(numbers);
    // Consent to writing has not been given: the old permissions are renewed, once, and nobody is signed out.
    let before = place.asked_for_tokens();
    client.subscribed_skus().await.unwrap();
    client.subscribed_skus().await.unwrap();
    assert_eq!(place.asked_for_tokens() - before, 2);
    let lacks: Vec<&str> = lacking(&client.granted().await, &client.needed(numbers))
        .iter()
        .map(|one| one.name)
        .collect();
    assert_eq!(lacks, ["TeamsTelephoneNumber.ReadWrite.All"]);

    let (who, prompt) = by_code(&client).await;
    let writes = |names: &[String]| -> Vec<String> {
        names
            .iter()
            .filter(|one| one.contains("Write"))
            .cloned()
            .collect()
    };
    assert_eq!(
        writes(&prompt.scopes),
        ["TeamsTelephoneNumber.ReadWrite.All"]
    );
    assert_eq!(writes(&who.granted), ["TeamsTelephoneNumber.ReadWrite.All"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untrusted_certificate_names_its_issuer_and_the_companys_own_is_taken() {
    let place = Place::new().await;
    let authority = Authority::new("Contoso Inspection CA");
    let behind = place.simulator.addr();
    let secret = || SignIn::ClientSecret(place.simulator.client_secret().into());
    let file = place.dir.path().join("ca.pem");
    std::fs::write(&file, &authority.pem).unwrap();
    let good = Front::before(behind, &authority, "localhost", 2199).await;
    let way = |front: &Front| Way {
        address: Some(format!("https://localhost:{}", front.port)),
        extra_ca: Some(file.clone()),
        ..Way::new(secret())
    };
    let client = place.client(way(&good));
    client.sign_in().await.unwrap();
    assert!(!client.subscribed_skus().await.unwrap().is_empty());

    let stranger = Authority::new("Somebody Else");
    let from_stranger = Front::before(behind, &stranger, "localhost", 2199).await;
    let wrong_host = Front::before(behind, &authority, "other.example", 2199).await;
    let expired = Front::before(behind, &authority, "localhost", 2021).await;
    let itself = Front::authority_itself(behind, &authority).await;
    for (front, issuer, detail, hint) in [
        (
            &itself,
            "Contoso Inspection CA",
            "an authority's certificate in the place of a server's; the server showed",
            "naming it as extra_ca does not mend this",
        ),
        (
            &from_stranger,
            "Somebody Else",
            "UnknownIssuer",
            "name it as extra_ca at the top of config.toml",
        ),
        (
            &wrong_host,
            "Contoso Inspection CA",
            "not valid for name",
            "Another server than localhost",
        ),
        (
            &expired,
            "Contoso Inspection CA",
            "certificate expired",
            "check the clock here first",
        ),
    ] {
        let asked = place.asked_for_tokens();
        let failure = place
            .client(way(front))
            .sign_in()
            .await
            .unwrap_err()
            .failure("Signing in");
        assert_eq!(
            failure.headline,
            "Signing in failed: the certificate of localhost is not trusted"
        );
        assert!(failure.detail.contains(detail), "{}", failure.detail);
        assert!(
            failure.detail.contains(&format!("issued by \"{issuer}\"")),
            "{}",
            failure.detail
        );
        assert!(!failure.detail.contains("CaUsed"), "{}", failure.detail);
        assert!(failure.hint.contains(hint), "{}", failure.hint);
        assert!(failure.hint.contains(issuer), "{}", failure.hint);
        assert_eq!(place.asked_for_tokens(), asked);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_roots_without_one_is_refused_before_anything_is_sent() {
    let place = Place::new().await;
    let file = place.dir.path().join("ca.pem");
    std::fs::write(&file, "nothing").unwrap();
    let error = place
        .client_of(
            place.simulator.tenant_id(),
            Way {
                address: Some("https://localhost:1".to_owned()),
                extra_ca: Some(file.clone()),
                ..Way::new(SignIn::DeviceCode)
            },
        )
        .unwrap_err();
    let failure = error.failure("Preparing the connection");
    assert_eq!(
        failure.headline,
        format!(
            "Preparing the connection failed: {} cannot be used",
            file.display()
        )
    );
    assert!(
        failure.detail.contains("holds no certificate"),
        "{}",
        failure.detail
    );
    assert_eq!(web::count(&place.base(), "POST", "oauth2"), 0);
}
