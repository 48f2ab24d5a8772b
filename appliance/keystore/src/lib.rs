//! Where sealed records rest: backends, conformance suite, agent.
