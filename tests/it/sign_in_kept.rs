//! What is left of a sign-in on disk: shared by programs, never damaged, never another tenant's, told nowhere.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use serde_json::json;
use teamsconnector::graph::error::GraphError;
use teamsconnector::graph::{SignIn, TokenStore};
use tokio::task::JoinSet;

use crate::support::program::{Ended, command, configure};
use crate::support::sign_in::{Place, Way, by_code, secrets};
use crate::support::web;

#[tokio::test(flavor = "multi_thread")]
async fn the_next_program_goes_on_without_asking_anybody() {
    let place = Place::new().await;
    by_code(&place.person()).await;
    assert_eq!(
        fs::metadata(place.file()).unwrap().permissions().mode() & 0o7777,
        0o600
    );
    let asked = place.asked_for_tokens();
    let next = place.person();
    assert!(!next.subscribed_skus().await.unwrap().is_empty());
    assert_eq!(place.asked_for_tokens(), asked);

    // A token that is called back is renewed, and both have the new one.
    place.knobs(&json!({ "expire_tokens": true }));
    let before = secrets(&place.file());
    assert!(!next.subscribed_skus().await.unwrap().is_empty());
    let after = secrets(&place.file());
    assert!(before.iter().zip(&after).all(|(old, new)| old != new));
    assert_eq!(place.asked_for_tokens(), asked + 1);
    assert!(!place.person().subscribed_skus().await.unwrap().is_empty());
    assert_eq!(place.asked_for_tokens(), asked + 1);

    next.sign_out().await.unwrap();
    assert!(!place.file().exists());
    let error = place.person().sign_in().await.unwrap_err();
    assert!(matches!(error, GraphError::SignedOut), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_is_revoked_is_told_once_and_then_a_person_is_needed() {
    let place = Place::new().await;
    let client = place.person();
    by_code(&client).await;
    let revoked = json!({
        "error": "invalid_grant",
        "error_description": "AADSTS50173: The provided grant has expired due to it being revoked.\r\nTrace ID: t-1\r\nCorrelation ID: c-1\r\nTimestamp: 2026-11-20 12:00:00Z",
        "error_codes": [50173], "suberror": "bad_token",
    });
    let fault = json!([{ "path_contains": "oauth2/v2.0/token", "times": 1, "status": 400, "body": revoked }]);
    place.knobs(&json!({ "expire_tokens": true, "fail_next": fault }));
    let error = client.subscribed_skus().await.unwrap_err();
    assert!(error.needs_person());
    let failure = error.failure("Reading the licences");
    assert_eq!(
        failure.headline,
        "Reading the licences failed: the sign-in was revoked"
    );
    assert_eq!(
        failure.detail,
        "Entra ID refused: AADSTS50173: The provided grant has expired due to it being revoked. (invalid_grant, bad_token) Trace ID: t-1 Correlation ID: c-1"
    );
    assert!(!place.file().exists());
    for client in [client, place.person()] {
        let error = client.subscribed_skus().await.unwrap_err();
        assert!(matches!(error, GraphError::SignedOut), "{error:?}");
        assert!(error.needs_person());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_policy_wants_is_asked_for_by_the_next_program_that_signs_in() {
    let place = Place::new().await;
    by_code(&place.person()).await;
    let policy = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    place.knobs(&json!({ "claims_challenge": policy, "claims_need_person": true }));
    let error = place.person().subscribed_skus().await.unwrap_err();
    assert!(error.needs_person(), "{error:?}");
    // The command has ended: somebody signs in with another one, and a third one goes on.
    by_code(&place.person()).await;
    assert!(!place.person().subscribed_skus().await.unwrap().is_empty());
    let left = fs::read_dir(place.file().parent().unwrap()).unwrap();
    let left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().ends_with(".claims")),
        "the wish is fulfilled: {left:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_lands_in_another_tenant_keeps_nothing() {
    let place = Place::new().await;
    let client = place.person();
    by_code(&client).await;
    let before = fs::read(place.file()).unwrap();
    let other = "99999999-2222-3333-4444-555555555555";
    place.knobs(&json!({ "expire_tokens": true, "token_tenant": other }));
    for _ in 0..2 {
        let error = client.subscribed_skus().await.unwrap_err();
        assert!(
            matches!(&error, GraphError::WrongTenant { got, .. } if got == other),
            "{error:?}"
        );
        assert!(!error.needs_person());
        assert_eq!(fs::read(place.file()).unwrap(), before);
    }
    // An application's token is looked at likewise, and so is a new sign-in.
    let secret = SignIn::ClientSecret(place.simulator.client_secret().into());
    let error = place.client(Way::new(secret)).sign_in().await.unwrap_err();
    assert!(matches!(error, GraphError::WrongTenant { .. }), "{error:?}");
    let (to, _shown) = tokio::sync::mpsc::unbounded_channel();
    let error = client.sign_in_by_code(&to).await.unwrap_err();
    assert!(matches!(error, GraphError::WrongTenant { .. }), "{error:?}");
    assert_eq!(fs::read(place.file()).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_sign_in_to_a_domain_may_be_to_another_tenant_and_a_refresh_may_not() {
    let place = Place::new().await;
    let client = || {
        let way = Way {
            tokens: TokenStore::File(place.file()),
            ..Way::new(SignIn::DeviceCode)
        };
        place.client_of("contoso.example", way).unwrap()
    };
    let (first, _) = by_code(&client()).await;
    let other = "99999999-2222-3333-4444-555555555555";
    place.knobs(&json!({ "expire_tokens": true, "token_tenant": other }));
    let before = fs::read(place.file()).unwrap();
    let error = client().subscribed_skus().await.unwrap_err();
    assert!(
        matches!(&error, GraphError::WrongTenant { got, .. } if got == other),
        "{error:?}"
    );
    assert_eq!(fs::read(place.file()).unwrap(), before);
    let (second, _) = by_code(&client()).await;
    assert_ne!(first.tenant, second.tenant);
    assert_eq!(second.tenant, other.parse().ok());
    assert_eq!(client().sign_in().await.unwrap().tenant, other.parse().ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_to_the_file_ends_the_sign_in_and_nothing_else() {
    let place = Place::new().await;
    by_code(&place.person()).await;
    let whole = fs::read(place.file()).unwrap();
    fs::write(place.file(), &whole[..whole.len() / 2]).unwrap();
    let error = place.person().sign_in().await.unwrap_err();
    assert!(matches!(error, GraphError::SignedOut), "{error:?}");
    assert!(!place.file().exists());
    assert!(place.dir.path().join("tokens.damaged-1").exists());
    let client = place.person();
    by_code(&client).await;
    assert!(!client.subscribed_skus().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_applications_tokens_are_never_written() {
    let place = Place::new().await;
    let secret = SignIn::ClientSecret(place.simulator.client_secret().into());
    let client = place.client(Way {
        tokens: TokenStore::File(place.file()),
        ..Way::new(secret)
    });
    client.subscribed_skus().await.unwrap();
    assert_eq!(fs::read_dir(place.dir.path()).unwrap().count(), 0);
}

/// How many rounds a sweep has: a sample, unless `TEAMSCONNECTOR_SWEEP` says how many, as in
/// `TEAMSCONNECTOR_SWEEP=1000 cargo test --test it token_sweep`.
#[expect(
    clippy::disallowed_methods,
    reason = "a hook of this test, which the program does not read"
)]
fn rounds(sample: usize) -> usize {
    std::env::var("TEAMSCONNECTOR_SWEEP")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(sample)
}

/// Eight programs on one file, whose tokens are called back again and again while some of them are stopped at any moment.
#[tokio::test(flavor = "multi_thread")]
async fn token_sweep_of_eight_tasks_that_renew_at_once_while_some_are_stopped() {
    let rounds = rounds(125);
    let place = Place::new().await;
    // What Entra does: a refresh token that was used is not withdrawn, and a killed program may have used it in vain.
    place.knobs(&json!({ "refresh_uses": 255 }));
    by_code(&place.person()).await;
    let mut seen = HashSet::new();
    for round in 0..rounds {
        place.knobs(&json!({ "expire_tokens": true }));
        // The log keeps the last requests only, which a long sweep would outrun.
        web::ask(&place.base(), "DELETE", "/_sim/log", None);
        let asked = place.asked_for_tokens();
        let mut programs = JoinSet::new();
        let mut stops = Vec::new();
        for n in 0..8 {
            let client = place.person();
            let stop = programs.spawn(async move { client.subscribed_skus().await.map(|_| ()) });
            if n < round % 8 {
                stops.push(stop);
            }
        }
        for (n, stop) in stops.into_iter().enumerate() {
            for _ in 0..(round * 7 + n * 13) % 40 {
                tokio::task::yield_now().await;
            }
            stop.abort();
        }
        while let Some(ended) = programs.join_next().await {
            match ended {
                Ok(read) => read.unwrap(),
                Err(stopped) => assert!(stopped.is_cancelled(), "{stopped}"),
            }
        }
        if round % 8 == 0 {
            assert_eq!(place.asked_for_tokens() - asked, 1, "one refreshed for all");
        }
        assert!(
            seen.insert(secrets(&place.file())[1].clone()),
            "each round has a new one"
        );
    }
    place.knobs(&json!({ "expire_tokens": true }));
    place.person().subscribed_skus().await.unwrap();
    let left: Vec<_> = fs::read_dir(place.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("damaged"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

/// The same with the real program, which is killed and not only stopped.
#[tokio::test(flavor = "multi_thread")]
async fn token_sweep_of_eight_programs_that_renew_at_once_while_some_are_killed() {
    let place = Place::new().await;
    place.knobs(&json!({ "refresh_uses": 255 }));
    let home = place.dir.path();
    configure(home, &place.simulator, "");
    let config = home.join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    let text = text
        .replace("\"client-secret\"", "\"device-code\"")
        .replace("read_only = false", "read_only = true");
    fs::write(&config, text).unwrap();
    let folder = home.join("tenants/contoso");
    fs::create_dir_all(&folder).unwrap();
    for one in [home, &home.join("tenants"), &folder] {
        fs::set_permissions(one, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let kept = || Way {
        tokens: TokenStore::File(folder.join("tokens")),
        ..Way::new(SignIn::DeviceCode)
    };
    by_code(&place.client(kept())).await;
    for round in 0..rounds(8) {
        place.knobs(&json!({ "expire_tokens": true }));
        let mut programs: Vec<_> = (0..8)
            .map(|_| {
                command(home)
                    .args(["--tenant", "contoso", "doctor"])
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for (n, mut killed) in programs.drain(..round % 8).enumerate() {
            // Asking takes a little time, each time another.
            for _ in 0..(round * 5 + n * 3) % 17 {
                place.asked_for_tokens();
            }
            killed.kill().unwrap();
            killed.wait().unwrap();
        }
        for survivor in programs {
            let ended = Ended::from(survivor.wait_with_output().unwrap());
            // Its clock is not the simulated tenant's, which is all that it finds wrong.
            assert!(
                ended.out.contains("Teams numbers   may be read"),
                "{ended:?}"
            );
            for secret in secrets(&folder.join("tokens")) {
                assert!(!ended.out.contains(&secret) && !ended.err.contains(&secret));
            }
        }
    }
    place.knobs(&json!({ "expire_tokens": true }));
    place.client(kept()).subscribed_skus().await.unwrap();
    assert!(!folder.join("tokens.damaged-1").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_is_told_anywhere() {
    let place = Place::new().await;
    let client = place.person();
    let (who, prompt) = by_code(&client).await;
    let secrets = secrets(&place.file());
    // A server that echoes what it was sent.
    let echo = json!({
        "error": "invalid_grant",
        "error_description": format!("AADSTS9002313: Invalid request: {} and {}.", secrets[0], secrets[1]),
        "error_codes": [9_002_313], "claims": secrets[1],
    });
    let fault =
        json!([{ "path_contains": "oauth2/v2.0/token", "times": 1, "status": 400, "body": echo }]);
    place.knobs(&json!({ "expire_tokens": true, "fail_next": fault }));
    let error = client.subscribed_skus().await.unwrap_err();
    let failure = error.failure("Reading");
    let told = format!("{client:?} {who:?} {prompt:?} {error:?} {error} {failure:?}");
    assert!(told.contains("AADSTS9002313"));
    assert!(!told.contains(&secrets[1]), "the refresh token is told");
}
