//! The client secret: from a variable, or from a file that only its owner can read. Never from the command line.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use secrecy::SecretString;
use secrecy::zeroize::Zeroize;

use super::TenantConfig;
use super::error::ConfigError;
use super::places::{closed, ours};
use super::surroundings::variable;

/// The variable that may hold the secret.
pub const SECRET_VARIABLE: &str = "TEAMSCONNECTOR_CLIENT_SECRET";

/// The client secret of a tenant.
pub fn client_secret(tenant: &TenantConfig) -> Result<SecretString, ConfigError> {
    choose(variable(SECRET_VARIABLE), tenant.secret_file.as_deref())
}

fn choose(from_variable: Option<String>, file: Option<&Path>) -> Result<SecretString, ConfigError> {
    match (from_variable, file) {
        (Some(secret), _) => Ok(SecretString::from(secret)),
        (None, Some(file)) => secret_file(file),
        (None, None) => Err(ConfigError::NoSecret {
            variable: SECRET_VARIABLE,
        }),
    }
}

/// Reads a file that holds a secret, without the ends of lines after it. Refuses a link, somebody else's file, and one that
/// others can read. The checks are made on the open file, so that it cannot be exchanged between check and use.
pub fn secret_file(path: &Path) -> Result<SecretString, ConfigError> {
    let io = |source| ConfigError::Io {
        path: path.to_owned(),
        source,
    };
    let no_link =
        i32::try_from((rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits())
            .expect("the flags of open(2) fit into an int");
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(no_link)
        .open(path)
        .map_err(|error| {
            if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
                return ConfigError::NotA {
                    path: path.to_owned(),
                    expected: "a plain file (it is a link)",
                };
            }
            io(error)
        })?;
    let found = file.metadata().map_err(io)?;
    if !found.is_file() {
        return Err(ConfigError::NotA {
            path: path.to_owned(),
            expected: "a plain file",
        });
    }
    ours(path, &found, "chown")?;
    let secret_to_all = "others can reach the secret in it";
    closed(path, &found, (0o077, secret_to_all, "chmod 600"))?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(io)?;
    let secret = SecretString::from(text.trim_end_matches(['\r', '\n']));
    text.zeroize();
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_file_of_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "s3cret~value\r\n").unwrap();
        for mode in [0o640, 0o604, 0o660, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let message = secret_file(&path).unwrap_err().to_string();
            assert!(
                message.contains(&format!("run: chmod 600 {}", path.display())),
                "{message}"
            );
            assert!(!message.contains("s3cret"));
        }
        for mode in [0o600, 0o400] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(secret_file(&path).unwrap().expose_secret(), "s3cret~value");
        }
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(
            secret_file(&link)
                .unwrap_err()
                .to_string()
                .contains("it is a link")
        );
        assert!(
            secret_file(folder.path())
                .unwrap_err()
                .to_string()
                .contains("is not a plain file")
        );
    }

    #[test]
    fn the_variable_goes_before_the_file() {
        let none = Path::new("/nowhere/secret");
        let secret = choose(Some("from-variable".to_owned()), Some(none)).unwrap();
        assert_eq!(secret.expose_secret(), "from-variable");
        assert!(!format!("{secret:?}").contains("from-variable"));
        assert_eq!(
            choose(None, None).unwrap_err().to_string(),
            "no client secret: set TEAMSCONNECTOR_CLIENT_SECRET, or secret_file in the tenant's table"
        );
        assert!(
            choose(None, Some(none))
                .unwrap_err()
                .to_string()
                .starts_with("/nowhere/secret: ")
        );
    }
}
