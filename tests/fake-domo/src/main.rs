//! `fake-domo`: a made-up Domo instance to point cardwatch at by hand. Owns the command line; all
//! else is the library's.

use std::{net::SocketAddr, time::Duration};

use clap::Parser;
use fake_domo::{Condition, Domo, FakeDomo, Spec};

/// A made-up Domo instance on loopback.
#[derive(Debug, Parser)]
#[command(version, after_long_help = CONTROL)]
struct Args {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// The same seed gives the same instance
    #[arg(long, default_value_t = 7, value_name = "N")]
    seed: u64,
    /// Pages
    #[arg(long, default_value_t = 25, value_name = "N")]
    pages: usize,
    /// Cards in all
    #[arg(long, default_value_t = 300, value_name = "N")]
    cards: usize,
    /// Cards that are broken from the start, in each shape in turn
    #[arg(long, default_value_t = 0, value_name = "N")]
    broken: usize,
    /// How long a render takes, in milliseconds; up to half as much again is added
    #[arg(long, default_value_t = 50, value_name = "MS")]
    latency_ms: u64,
    #[command(flatten)]
    limit: Limit,
    /// With a limit that refuses: the Retry-After of its answers, in seconds
    #[arg(long, value_name = "S", conflicts_with = "workers")]
    retry_after: Option<u64>,
    /// With --rate: so many renders at once after a rest
    #[arg(long, default_value_t = 5, value_name = "N")]
    burst: u32,
}

/// What the instance bears.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct Limit {
    /// Work on so many renders at a time, and let the others wait
    #[arg(long, value_name = "N")]
    workers: Option<u32>,
    /// Refuse renders that would make it more than so many in flight (429)
    #[arg(long, value_name = "N")]
    in_flight: Option<u32>,
    /// Refuse renders beyond so many in a second (429)
    #[arg(long, value_name = "N")]
    rate: Option<u32>,
}

impl Args {
    fn condition(&self) -> Condition {
        let retry_after = self.retry_after;
        match self.limit {
            Limit { workers: Some(workers), .. } => Condition::Workers(workers),
            Limit { in_flight: Some(renders), .. } => Condition::InFlight { renders, retry_after },
            Limit { rate: Some(renders_per_second), .. } => {
                Condition::Bucket { renders_per_second, burst: self.burst, retry_after }
            }
            Limit { .. } => Condition::Healthy,
        }
    }
}

const CONTROL: &str = "\
The fake is changed while it runs at addresses of its own, which Domo does not have:

  GET  /_fake/cards         all cards, with what they do and how often they were rendered
  GET  /_fake/pages         all pages, system pages and views of apps too
  GET  /_fake/datasets      all datasets, with their columns, runs and cards
  GET  /_fake/counts        calls of each endpoint, renders in flight, their peak
  POST /_fake/cards/ID      what a card does from now on:
         \"renders\"  \"no_data\"  \"summary_error\"  \"server_error\"  \"hangs\"  \"html\"
         \"cut_json\"  \"breaks_off\"  \"not_an_object\"  \"redirect\"  \"disconnects\"
         {\"bad_request\":{\"error\":\"No indexed schema found\"}}
         {\"bad_request\":{\"columns\":[\"region\"]}}  {\"bad_request\":\"empty_body\"}
         {\"unprocessable\":\"TEXT\"}  {\"body_status\":400}  {\"status\":403}
         {\"server_error_times\":2}  {\"slow\":{\"millis\":1500}}
         {\"throttled\":{\"retry_after\":3,\"times\":1}}
         {\"large\":{\"megabytes\":25,\"ends\":\"summary_error\"}}
         {\"sequence\":[\"server_error\",\"renders\"]}
  POST /_fake/cards/ID/latency   {\"millis\":4000}   how much longer its renders take
  POST /_fake/datasets      {\"id\":\"UUID\",\"name\":\"Orders\",\"columns\":[\"region\"],\"cards\":[1,2]}
  POST /_fake/datasets/ID   what happens to a dataset, and with it to its cards:
         {\"drop_column\":\"region_name\"}  {\"restore_column\":\"region_name\"}
         \"delete\"  \"restore\"  {\"fail_run\":{\"message\":\"TEXT\"}}  {\"succeed_run\":{}}
  POST /_fake/users/ID      {\"email\":\"dana@example.com\"}  {\"email\":null}
  POST /_fake/functions     {\"invalid\":3}   how many beast modes count as invalid
  POST /_fake/trouble/NAME  what is wrong with one endpoint (dataset, stream, stream_runs, schema,
         user, functions, card_details, pages, …): null, {\"status\":403}, \"hangs\",
         \"html\", \"junk\", \"disconnects\", {\"says\":\"[]\"}
  POST /_fake/condition     \"healthy\"  \"down\"  \"login_page\"  {\"failing\":503}
         {\"throttled\":{\"retry_after\":5}}
         {\"capacity\":{\"renders_per_second\":20,\"retry_after\":1}}
         {\"workers\":16}  {\"in_flight\":{\"renders\":16,\"retry_after\":1}}
         {\"bucket\":{\"renders_per_second\":20,\"burst\":5,\"retry_after\":1}}
  POST /_fake/login         \"normal\"  \"wrong_password\"  \"locked\"  \"two_factors\"
         \"unknown_instance\"  \"empty_object\"  \"nothing\"  \"address_not_allowed\"
         {\"network_blocked\":403}  {\"refused\":\"SOME_REASON\"}
  POST /_fake/reset-counts  all counts begin anew

  curl -d '{\"bad_request\":{\"error\":\"No indexed schema found\"}}' \\
       http://127.0.0.1:8080/_fake/cards/ID";

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let args = Args::parse();
    let latency = Duration::from_millis(args.latency_ms);
    let spec =
        Spec::new(args.seed).pages(args.pages).cards(args.cards).broken(args.broken).latency(latency, latency / 2);
    let domo = FakeDomo::new(spec).start_on(args.listen).await?;
    domo.set_condition(args.condition());
    greet(&domo);
    tokio::signal::ctrl_c().await?;
    domo.shutdown().await;
    Ok(())
}

fn greet(domo: &Domo) {
    let (url, token) = (domo.url(), domo.token());
    println!("url       {url}");
    println!("token     {token}");
    println!("user      {}", domo.user());
    println!("password  {}", domo.password());
    println!();
    println!("[instances.acme]");
    println!("url = \"{url}\"");
    println!("access_token = \"{token}\"");
    println!("schedule = \"*/15 * * * * *\"   # every 15 seconds");
    println!("pages = \"all\"");
    println!();
    println!("Change it while it runs: see fake-domo --help. Ctrl-C ends it.");
}
