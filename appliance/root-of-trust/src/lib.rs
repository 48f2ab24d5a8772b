//! The HSM: PKCS#11 driver, quirks, session pool, agent.
