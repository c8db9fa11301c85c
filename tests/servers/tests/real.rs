//! The real servers start, answer, refuse what they must, and leave nothing behind.

mod real_obs {
    use anyhow::{Context as _, Result};
    use if_servers::{Obs, ObsClient};
    use serde_json::{Value, json};
    use std::net::TcpStream;

    #[tokio::test]
    async fn it_starts_answers_and_goes() -> Result<()> {
        if !if_servers::require!(Obs) {
            return Ok(());
        }
        let obs = Obs::start()?;
        let mut client = ObsClient::connect(obs.port, &obs.password).await?;
        let version = client.request("GetVersion", Value::Null).await?;
        assert_eq!(version["rpcVersion"], json!(1));
        let scene = json!({ "sceneName": "Second" });
        client.request("CreateScene", scene.clone()).await?;
        client.request("SetCurrentProgramScene", scene).await?;
        let current = client.request("GetCurrentProgramScene", Value::Null).await?;
        assert_eq!(current["currentProgramSceneName"], json!("Second"));
        let missing = json!({ "sceneName": "Nowhere" });
        let refused = client.request("SetCurrentProgramScene", missing).await;
        let refused = refused.err().context("OBS switched to a scene that is not there")?;
        assert!(refused.to_string().contains("600"), "{refused}");
        let wrong = ObsClient::connect(obs.port, "not the password").await;
        let wrong = wrong.err().context("OBS let a wrong password in")?;
        assert!(wrong.to_string().contains("4009"), "{wrong}");
        let (port, home) = (obs.port, obs.home().to_owned());
        drop(obs);
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "somebody still listens");
        assert!(!home.exists(), "{} is still there", home.display());
        Ok(())
    }
}

mod real_keyring {
    use anyhow::Result;
    use if_servers::Keyring;

    fn looked_up(keyring: &Keyring) -> Result<Vec<u8>> {
        let mut look_up = keyring.command("secret-tool");
        Ok(look_up.args(["lookup", "service", "s", "username", "u"]).output()?.stdout)
    }

    #[test]
    fn it_keeps_locks_and_goes() -> Result<()> {
        if !if_servers::require!(Keyring) {
            return Ok(());
        }
        let keyring = Keyring::start()?;
        keyring.store("s", "u", b"value")?;
        assert_eq!(looked_up(&keyring)?, b"value");
        keyring.lock()?;
        assert_eq!(looked_up(&keyring)?, b"");
        assert!(keyring.store("s", "other", b"value").is_err(), "a locked keyring took a value");
        let home = keyring.runtime_dir().to_owned();
        drop(keyring);
        assert!(!home.exists(), "{} is still there", home.display());
        Ok(())
    }
}

mod real_bao {
    use anyhow::Result;
    use if_servers::OpenBao;
    use std::net::TcpStream;

    #[test]
    fn it_keeps_versions_and_goes() -> Result<()> {
        if !if_servers::require!(OpenBao) {
            return Ok(());
        }
        for bao in [OpenBao::start()?, OpenBao::start_secure()?] {
            bao.tool_with(&["kv", "put", "secret/x", "field=-"], "value")?;
            assert_eq!(bao.tool(&["kv", "get", "-field=field", "secret/x"])?, "value");
            assert!(bao.tool(&["kv", "get", "secret/nothing"]).is_err());
            let port = bao.port;
            drop(bao);
            assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "somebody still listens");
        }
        Ok(())
    }
}
