//! Podshell's page, as Trunk builds it.

fn main() {
    podshell_frontend::start();
}
