//! The ways to sign in, and how they fail.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::Bench;
use crate::sim::Scenario;

#[tokio::test]
async fn a_person_signs_in_with_a_code_and_stays_signed_in() {
    let bench = Bench::new(Scenario::Tour).await;
    let client = bench.simulator.client_id().to_owned();
    let scope = "openid%20profile%20offline_access%20https%3A%2F%2Fgraph.microsoft.com%2FUser.Read";
    let code = bench
        .form(
            "/organizations/oauth2/v2.0/devicecode",
            &format!("client_id={client}&scope={scope}"),
        )
        .await
        .json();
    assert_eq!(code["expires_in"], 900);
    let poll = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id={client}&device_code={}",
        code["device_code"].as_str().unwrap()
    );
    let token = "/organizations/oauth2/v2.0/token";
    let pending = bench.form(token, &poll).await;
    assert_eq!(
        (pending.status, pending.json()["error"].as_str()),
        (400, Some("authorization_pending"))
    );
    assert_eq!(pending.json()["error_codes"], json!([70016]));
    let granted = bench.form(token, &poll).await.json();
    assert!(granted["id_token"].is_string());
    bench
        .token
        .lock()
        .unwrap()
        .clone_from(&granted["access_token"].as_str().unwrap().to_owned());
    assert_eq!(
        bench.get("/v1.0/me").await.json()["userPrincipalName"],
        "admin@contoso.example"
    );
    assert_eq!(
        bench.get("/v1.0/users").await.code(),
        "Authorization_RequestDenied"
    );
    let gateway = bench.get("/v1.0/admin/teams/userConfigurations").await;
    assert_eq!(
        (gateway.status, gateway.code().as_str()),
        (403, "forbidden")
    );

    let renew = |refresh: &Value| {
        format!(
            "grant_type=refresh_token&client_id={client}&refresh_token={}",
            refresh.as_str().unwrap()
        )
    };
    let old = renew(&granted["refresh_token"]);
    let second = bench.form(token, &old).await.json();
    assert_ne!(second["refresh_token"], granted["refresh_token"]);
    assert_eq!(
        bench.form(token, &old).await.status,
        200,
        "the old one is accepted once more"
    );
    assert_eq!(
        bench.form(token, &old).await.json()["error"],
        "invalid_grant"
    );
    assert_eq!(
        bench
            .form(token, &renew(&second["refresh_token"]))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn sign_ins_fail_as_entra_says() {
    let bench = Bench::new(Scenario::OtherTenant).await;
    let tenant = bench.simulator.tenant_id().to_owned();
    let client = bench.simulator.client_id().to_owned();
    let form = format!(
        "grant_type=client_credentials&client_id={client}&client_secret=wrong&scope=https://graph.microsoft.com/.default"
    );
    let answer = bench
        .form(&format!("/{tenant}/oauth2/v2.0/token"), &form)
        .await;
    assert_eq!(
        (answer.status, answer.json()["error_codes"].clone()),
        (401, json!([7_000_215]))
    );
    let stranger = form.replace(&client, "00000000-0000-4000-8000-000000000000");
    assert_eq!(
        bench
            .form(&format!("/{tenant}/oauth2/v2.0/token"), &stranger)
            .await
            .json()["error"],
        "unauthorized_client"
    );
    let elsewhere = bench
        .form(
            "/11111111-2222-4333-8444-555555555555/oauth2/v2.0/token",
            &form,
        )
        .await
        .json();
    assert_eq!(elsewhere["error_codes"], json!([90002]));
    assert_eq!(
        bench
            .form("/fabrikam.example/oauth2/v2.0/token", &form)
            .await
            .json()["error"],
        "invalid_client"
    );
    bench.seconds.store(3599, Ordering::SeqCst);
    let expired = bench.get("/v1.0/organization").await;
    assert_eq!(
        expired.json()["error"]["message"],
        "Lifetime validation failed, the token is expired."
    );
}

#[tokio::test]
async fn a_browser_comes_back_with_a_code_that_works_once() {
    let bench = Bench::new(Scenario::Tour).await;
    let client = bench.simulator.client_id().to_owned();
    // The pair of RFC 7636, appendix B.
    let query = "response_type=code&redirect_uri=http%3A%2F%2Flocalhost%3A4711%2Fback&scope=User.Read%20openid&state=s%201&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let answer = bench
        .raw(
            "GET",
            &format!("/organizations/oauth2/v2.0/authorize?client_id={client}&{query}"),
            "",
            "",
        )
        .await
        .unwrap();
    assert_eq!(answer.status, 302);
    let location = answer.header("location").unwrap();
    assert!(
        location.starts_with("http://localhost:4711/back?code=")
            && location.ends_with("&state=s%201"),
        "{location}"
    );
    let code = location
        .split("code=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let redeem = |verifier: &str| {
        format!(
            "grant_type=authorization_code&client_id={client}&code={code}&redirect_uri=http%3A%2F%2Flocalhost%3A4711%2Fback&code_verifier={verifier}"
        )
    };
    let granted = bench
        .form(
            "/organizations/oauth2/v2.0/token",
            &redeem("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        )
        .await;
    assert_eq!(granted.status, 200);
    let again = bench
        .form(
            "/organizations/oauth2/v2.0/token",
            &redeem("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        )
        .await;
    assert_eq!(again.json()["error_codes"], json!([54005]));
}
