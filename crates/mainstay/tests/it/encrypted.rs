//! PostgreSQL over TLS: nothing goes unencrypted, and to nobody whose certificate does not hold.

use std::path::Path;

use tokio::process::Command;

use crate::{
    cluster::Cluster,
    place::{Place, codebook, list},
    script::done,
};

/// An authority, and the certificate of a server under it that is good for `localhost` only.
async fn certify(folder: &Path, authority: &str, server: &str) {
    let openssl = async |arguments: &str| {
        let mut command = Command::new("openssl");
        done(command.args(arguments.split_whitespace()).current_dir(folder)).await
    };
    openssl(&format!(
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={authority} \
         -keyout {authority}.key -out {authority}.crt"
    ))
    .await;
    openssl(&format!(
        "req -new -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost \
         -keyout {server}.key -out {server}.csr"
    ))
    .await;
    openssl(&format!(
        "x509 -req -in {server}.csr -CA {authority}.crt -CAkey {authority}.key -CAcreateserial \
         -days 2 -copy_extensions copy -out {server}.crt"
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_spoken_to_only_when_its_certificate_holds() {
    let folder = tempfile::tempdir().unwrap();
    certify(folder.path(), "authority", "server").await;
    certify(folder.path(), "stranger", "imposter").await;
    let at = |name: &str| folder.path().join(name).display().to_string();
    let settings = [
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", at("server.crt")),
        format!("ssl_key_file={}", at("server.key")),
    ];
    let Some(cluster) = Cluster::start_with(folder, &settings).await else { return };
    let by_name = cluster.address.replace("127.0.0.1", "localhost");
    let with = |address: &str, options: &str| format!("{address}?{options}");
    let (authority, stranger) = (cluster.file("authority.crt"), cluster.file("stranger.crt"));

    let good = with(&by_name, &format!("sslmode=verify-full&sslrootcert={authority}"));
    let place = Place::new().with("MAINSTAY_DATABASE_URL", &good);
    let (server, admin, client) = place.begun().await;
    admin.codebook(&client, "Pipes", &list(20)).await;
    assert!(server.stop().await.success());

    let refused = [
        (with(&by_name, "sslmode=disable"), "no encryption"),
        (with(&by_name, &format!("sslmode=verify-full&sslrootcert={stranger}")), "UnknownIssuer"),
        (with(&by_name, "sslmode=verify-full"), "UnknownIssuer"),
        // The certificate is good, but for another name.
        (
            with(&cluster.address, &format!("sslmode=verify-full&sslrootcert={authority}")),
            "not valid for name",
        ),
        (with(&by_name, "sslmode=require&sslrootcert=/no/such.crt"), "/no/such.crt"),
    ];
    for (address, reason) in refused {
        let place = Place::new().with("MAINSTAY_DATABASE_URL", &address);
        let app = codebook().display().to_string();
        let ended = place.run(&["serve", &app, "--listen", "127.0.0.1:0"]).await;
        let said = format!("{}{}", ended.out, ended.err);
        assert_eq!(ended.code, 1, "{address}: {said}");
        assert!(said.contains(reason), "{address}: {said}");
        assert!(!said.contains("mainstay:mainstay"), "{said}");
    }
}
