//! A fake Domo instance for tests, benches and the demo.
