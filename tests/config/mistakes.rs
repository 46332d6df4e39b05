//! Each mistake is told by file, key, what is wrong and what to do.

use crate::house::{House, acme, acme_without, also, email};

/// One test a mistake: its name, the configuration, and all that is said about it.
macro_rules! mistakes {
    ($($name:ident: $text:expr => $message:expr;)+) => {
        $(#[test]
        fn $name() {
            assert_eq!(House::with(&$text).mistakes(), $message);
        })+
    };
}

mistakes! {
    text_that_is_no_toml: "[storage]\npath" =>
        "config.toml: line 2, column 5: expected `.`, `=`; correct the line; this is not TOML";
    the_same_instance_twice: acme("") + &acme("") =>
        "config.toml: line 5, column 1: invalid table header, duplicate key `acme` in table `instances`; correct the line; this is not TOML";
    no_instance: "" =>
        "config.toml: instances: there is no instance to monitor; add a section [instances.NAME] with its url, its credential and its pages";
    a_number_in_the_place_of_the_instances: "instances = 3" =>
        "config.toml: instances: a number is not a table; write a table, like [instances]";
    a_number_in_the_place_of_an_instance: "[instances]\nacme = 3" =>
        "config.toml: instances.acme: a number is not a table; write a table, like [instances.acme]";
    an_instance_name_that_is_no_label: acme("").replace("acme]", "Acme]") =>
        "config.toml: instances.Acme: 'Acme' is not a name of an instance; use 1 to 63 of a-z, 0-9, '_' and '-'";

    an_unknown_key: acme("acces_token = 'x'") =>
        "config.toml: instances.acme.acces_token: unknown key; the nearest known key is instances.acme.access_token";
    a_key_that_is_cut_short: also("storage", "keep = '3d'") =>
        "config.toml: storage.keep: unknown key; the nearest known key is storage.keep_results";
    a_key_that_is_cut_short_to_what_is_like_another: acme("pass = 'x'") =>
        "config.toml: instances.acme.pass: unknown key; the nearest known key is instances.acme.password";
    a_key_of_which_three_letters_are_left: acme("req = 1") =>
        "config.toml: instances.acme.req: unknown key; the nearest known key is instances.acme.request_timeout";
    a_known_key_in_the_wrong_section: also("alerts", "smtp = 'x'") =>
        "config.toml: alerts.smtp: unknown key; the nearest known key is email.smtp";
    an_unknown_section: also("alert", "confirmations = 1") =>
        "config.toml: alert: unknown key; the nearest known key is alerts";

    a_text_in_the_place_of_a_number: acme("attempts = '3'") =>
        "config.toml: instances.acme.attempts: '3' is not a whole number; write a whole number from 1 to 10";
    a_fraction_in_the_place_of_a_whole_number: acme("attempts = 1.5") =>
        "config.toml: instances.acme.attempts: 1.5 is not a whole number; write a whole number from 1 to 10";
    a_text_in_the_place_of_true: also("alerts", "recoveries = 'yes'") =>
        "config.toml: alerts.recoveries: 'yes' is neither true nor false; write true or false";
    true_in_quotes: also("alerts", "recoveries = 'true'") =>
        "config.toml: alerts.recoveries: 'true' is neither true nor false; write true or false";
    a_number_in_the_place_of_a_text: acme("schedule = 15") =>
        "config.toml: instances.acme.schedule: 15 is not a text; write it in quotes";
    a_duration_without_a_unit: also("alerts", "confirm_delay = 30") =>
        "config.toml: alerts.confirm_delay: 30 is not a length of time; write a time with its unit, like \"90s\" or \"30d\", from 0s to 1h";
    a_duration_that_is_none: also("alerts", "confirm_delay = 'soon'") =>
        "config.toml: alerts.confirm_delay: 'soon' is not a length of time; write a time with its unit, like \"90s\" or \"30d\", from 0s to 1h";

    a_bad_cron: acme("schedule = '61 * * * *'") =>
        "config.toml: instances.acme.schedule: '61 * * * *' is not a cron expression: the minute 61 is out of range, 0 to 59; write five fields (minute hour day month weekday), or six with seconds first";
    a_cron_step_beyond_its_field: acme("schedule = '*/99 * * * *'") =>
        "config.toml: instances.acme.schedule: '*/99 * * * *' is not a cron expression: a step of 99 is beyond the minutes; write five fields (minute hour day month weekday), or six with seconds first";
    a_cron_with_too_few_fields: acme("schedule = '* * *'") =>
        "config.toml: instances.acme.schedule: '* * *' is not a cron expression: it has 3 fields; write five fields (minute hour day month weekday), or six with seconds first";
    a_cron_that_is_never_due: acme("schedule = '0 0 30 2 *'") =>
        "config.toml: instances.acme.schedule: '0 0 30 2 *' is not a cron expression: it is never due; write five fields (minute hour day month weekday), or six with seconds first";
    an_unknown_zone: acme("timezone = 'Europe/Berlni'") =>
        "config.toml: instances.acme.timezone: 'Europe/Berlni' is not a time zone; write an IANA name, like \"Europe/Berlin\"";

    a_city_for_a_zone: acme("timezone = 'Berlin'") =>
        "config.toml: instances.acme.timezone: 'Berlin' is not a time zone; write an IANA name, like \"Europe/Berlin\"";
    a_city_of_two_words_for_a_zone: acme("timezone = 'new york'") =>
        "config.toml: instances.acme.timezone: 'new york' is not a time zone; write an IANA name, like \"America/New_York\"";
    a_zone_that_is_like_none: acme("timezone = 'xyzzy'") =>
        "config.toml: instances.acme.timezone: 'xyzzy' is not a time zone; write an IANA name, like \"Europe/Berlin\"";

    no_address_of_an_instance: acme_without("url") =>
        "config.toml: instances.acme.url: is missing; write the address of the instance alone, like \"https://acme.domo.com\"";
    an_address_without_a_scheme: acme("url = 'acme.domo.com'") =>
        "config.toml: instances.acme.url: 'acme.domo.com' begins with neither https:// nor http://; write the address of the instance alone, like \"https://acme.domo.com\"";
    an_address_of_another_scheme: acme("url = 'ftp://acme.domo.com'") =>
        "config.toml: instances.acme.url: 'ftp://acme.domo.com' begins with neither https:// nor http://; write the address of the instance alone, like \"https://acme.domo.com\"";
    an_address_in_clear_text_off_loopback: acme("url = 'http://acme.domo.com'") =>
        "config.toml: instances.acme.url: 'http://acme.domo.com' would send the credential in clear text; write https://, since http:// is for loopback alone";
    an_address_that_only_begins_like_loopback: acme("url = 'http://localhost.example.com'") =>
        "config.toml: instances.acme.url: 'http://localhost.example.com' would send the credential in clear text; write https://, since http:// is for loopback alone";
    an_address_with_a_path: acme("url = 'https://acme.domo.com/page/1'") =>
        "config.toml: instances.acme.url: 'https://acme.domo.com/page/1' has a path; write the address of the instance alone, like \"https://acme.domo.com\"";
    an_address_with_a_query: acme("url = 'https://acme.domo.com?a=1'") =>
        "config.toml: instances.acme.url: 'https://acme.domo.com' has a query; write the address of the instance alone, like \"https://acme.domo.com\"";
    an_address_with_a_login: acme("url = 'https://a:b@acme.domo.com'") =>
        "config.toml: instances.acme.url: the address holds a login, which has keys of its own; write the address of the instance alone, like \"https://acme.domo.com\"";

    a_heartbeat_that_is_no_address: acme("heartbeat_url = 'hc-ping.com/hunter2'") =>
        "config.toml: instances.acme.heartbeat_url: what it holds is not an address; copy the ping address of your check anew, like \"https://hc-ping.com/UUID\"";
    a_heartbeat_of_another_scheme: acme("heartbeat_url = 'ftp://hc-ping.com/hunter2'") =>
        "config.toml: instances.acme.heartbeat_url: the address begins with neither https:// nor http://; copy the ping address of your check anew, like \"https://hc-ping.com/UUID\"";
    a_heartbeat_in_clear_text_off_loopback: acme("heartbeat_url = 'http://hc-ping.com/hunter2'") =>
        "config.toml: instances.acme.heartbeat_url: the address would be sent in clear text, and whoever reads it can feign that cardwatch lives; write https://, since http:// is for loopback alone";
    a_heartbeat_with_a_login: acme("heartbeat_url = 'https://a:hunter2@hc-ping.com/x'") =>
        "config.toml: instances.acme.heartbeat_url: the address holds a login, and a heartbeat takes none; copy the ping address of your check anew, like \"https://hc-ping.com/UUID\"";
    a_heartbeat_with_a_user_alone: acme("heartbeat_url = 'https://hunter2@hc-ping.com/x'") =>
        "config.toml: instances.acme.heartbeat_url: the address holds a login, and a heartbeat takes none; copy the ping address of your check anew, like \"https://hc-ping.com/UUID\"";
    a_heartbeat_with_a_password_alone: acme("heartbeat_url = 'https://:hunter2@hc-ping.com/x'") =>
        "config.toml: instances.acme.heartbeat_url: the address holds a login, and a heartbeat takes none; copy the ping address of your check anew, like \"https://hc-ping.com/UUID\"";
    a_heartbeat_with_a_fragment: acme("heartbeat_url = 'https://hc-ping.com/x#hunter2'") =>
        "config.toml: instances.acme.heartbeat_url: the address has a fragment; copy the ping address of your check anew, like \"https://hc-ping.com/UUID\"";
    an_empty_heartbeat: acme("heartbeat_url = ''") =>
        "config.toml: instances.acme.heartbeat_url: the secret is empty; put the secret there";
    a_heartbeat_that_is_no_text: acme("heartbeat_url = ['https://hc-ping.com/hunter2']") =>
        "config.toml: instances.acme.heartbeat_url: a list is not a secret; write it as a text, or as { file = \"…\" }, { env = \"…\" } or { credential = \"…\" }";

    no_credential: acme_without("access_token") =>
        "config.toml: instances.acme: there is no credential; give it an access_token (Domo: Admin > Authentication > Access tokens), or a username and a password";
    both_kinds_of_credential: acme("username = 'a@example.com'\npassword = 'x'") =>
        "config.toml: instances.acme: there are two credentials, an access_token and a username or password; keep one, and remove the other";
    a_token_and_half_a_login: acme("username = 'a@example.com'") =>
        "config.toml: instances.acme: there are two credentials, an access_token and a username or password; keep one, and remove the other\n\
         config.toml: instances.acme.username: there is no password for this user; add the password";
    an_empty_user_name: acme_without("access_token") + "username = ''\npassword = 'x'" =>
        "config.toml: instances.acme.username: '' is not a user name; write the name of the user who signs in";
    a_user_name_with_a_line_break: acme_without("access_token") + "username = \"a\\nb\"\npassword = 'x'" =>
        "config.toml: instances.acme.username: 'a\\nb' is not a user name; write the name of the user who signs in";
    a_user_name_without_a_password: acme_without("access_token") + "username = 'a@example.com'" =>
        "config.toml: instances.acme.username: there is no password for this user; add the password";
    a_password_without_a_user_name: acme_without("access_token") + "password = 'x'" =>
        "config.toml: instances.acme.password: there is no username for this password; add the username";

    no_pages: acme_without("pages") =>
        "config.toml: instances.acme.pages: is missing; write a list of page ids, like [1234, 5678], or \"all\"";
    an_empty_list_of_pages: acme("pages = []") =>
        "config.toml: instances.acme.pages: the list is empty; write a list of page ids, like [1234, 5678], or \"all\"";
    a_word_for_the_pages: acme("pages = 'some'") =>
        "config.toml: instances.acme.pages: 'some' is neither a list nor \"all\"; write a list of page ids, like [1234, 5678], or \"all\"";
    one_page_that_is_no_list: acme("pages = 1234") =>
        "config.toml: instances.acme.pages: 1234 is not a list; write a list of page ids, like [1234, 5678], or \"all\"";
    a_page_that_is_no_id: acme("pages = ['Sales']") =>
        "config.toml: instances.acme.pages: 'Sales' is not a whole number; write a list of page ids, like [1234, 5678], or \"all\"";
    a_page_twice: acme("pages = [1, 2, 1, 1]") =>
        "config.toml: instances.acme.pages: 1 is in it twice; remove one of them";
    an_excluded_page_twice: acme("exclude_pages = [7, 7]") =>
        "config.toml: instances.acme.exclude_pages: 7 is in it twice; remove one of them";
    an_excluded_card_twice: acme("exclude_cards = [7, 7]") =>
        "config.toml: instances.acme.exclude_cards: 7 is in it twice; remove one of them";
    a_page_that_is_monitored_and_excluded: acme("pages = [1, 2]\nexclude_pages = [2]") =>
        "config.toml: instances.acme.pages: 2 is also in exclude_pages; remove it from one of them";
    no_render_parts: acme("render_parts = []") =>
        "config.toml: instances.acme.render_parts: the list is empty; write a list of parts, like [\"dynamic\", \"summary\"]";
    the_image_of_a_card: acme("render_parts = ['summary', 'image']") =>
        "config.toml: instances.acme.render_parts: 'image' fails on table cards that are well; remove it from the list";
    a_render_part_that_is_no_word: acme("render_parts = ['a&b']") =>
        "config.toml: instances.acme.render_parts: 'a&b' is not a part of a card; write a list of parts, like [\"dynamic\", \"summary\"]";

    one_maintenance_window_that_is_no_list: acme("maintenance = { start = '0 22 * * SAT', duration = '6h' }") =>
        "config.toml: instances.acme.maintenance: a table is not a list; write a list of windows, like [{ start = \"0 22 * * SAT\", duration = \"6h\" }]";
    maintenance_windows_in_quotes: acme("maintenance = \"[{ start = '@daily', duration = '6h' }]\"") =>
        "config.toml: instances.acme.maintenance: '[{ start = '@daily', duration = '6h' }]' is not a list; write a list of windows, like [{ start = \"0 22 * * SAT\", duration = \"6h\" }]";
    a_maintenance_window_that_is_no_table: acme("maintenance = ['0 22 * * SAT']") =>
        "config.toml: instances.acme.maintenance#1: '0 22 * * SAT' is not a table; write a list of windows, like [{ start = \"0 22 * * SAT\", duration = \"6h\" }]";
    a_maintenance_window_without_a_start: acme("maintenance = [{ duration = '6h' }]") =>
        "config.toml: instances.acme.maintenance#1.start: is missing; write five fields (minute hour day month weekday), or six with seconds first";
    a_maintenance_window_without_a_duration: acme("maintenance = [{ start = '0 22 * * SAT' }]") =>
        "config.toml: instances.acme.maintenance#1.duration: is missing; say how long the window stays open, like \"6h\"";
    a_maintenance_window_with_a_bad_start: acme("maintenance = [{ start = '0 25 * * *', duration = '6h' }]") =>
        "config.toml: instances.acme.maintenance#1.start: '0 25 * * *' is not a cron expression: the hour 25 is out of range, 0 to 23; write five fields (minute hour day month weekday), or six with seconds first";
    a_maintenance_window_that_starts_at_a_number: acme("maintenance = [{ start = 22, duration = '6h' }]") =>
        "config.toml: instances.acme.maintenance#1.start: 22 is not a text; write it in quotes";
    a_maintenance_window_whose_duration_has_no_unit: acme("maintenance = [{ start = '0 22 * * SAT', duration = 6 }]") =>
        "config.toml: instances.acme.maintenance#1.duration: 6 is not a length of time; write a time with its unit, like \"90s\" or \"30d\", from 1m to 7d";
    a_maintenance_window_that_is_over_at_once: acme("maintenance = [{ start = '0 22 * * SAT', duration = '59s' }]") =>
        "config.toml: instances.acme.maintenance#1.duration: '59s' is out of range; write a time with its unit, like \"90s\" or \"30d\", from 1m to 7d";
    a_maintenance_window_of_more_than_a_week: acme("maintenance = [{ start = '0 22 1 * *', duration = '8d' }]") =>
        "config.toml: instances.acme.maintenance#1.duration: '8d' is out of range; write a time with its unit, like \"90s\" or \"30d\", from 1m to 7d";
    an_unknown_key_of_the_second_maintenance_window: acme("maintenance = [{ start = '0 22 * * SAT', duration = '6h' }, { start = '0 3 * * *', length = '1h', duration = '1h' }]") =>
        "config.toml: instances.acme.maintenance#2.length: unknown key; the nearest known key is instances.acme.maintenance#2.start";
    a_maintenance_window_that_never_closes: acme("maintenance = [{ start = '0 0 * * *', duration = '24h' }]") =>
        "config.toml: instances.acme.maintenance: the windows leave no time between them, so that mails would wait for ever; shorten a duration, or let a window open less often";
    maintenance_windows_that_never_leave_a_gap: acme("maintenance = [{ start = '0 8 * * *', duration = '12h' }, { start = '30 19 * * *', duration = '12h30m' }]") =>
        "config.toml: instances.acme.maintenance: the windows leave no time between them, so that mails would wait for ever; shorten a duration, or let a window open less often";

    too_many_renders_at_a_time: acme("concurrency = 257") =>
        "config.toml: instances.acme.concurrency: 257 is out of range; write a whole number from 1 to 256, or \"auto\"";
    no_renders_at_all: acme("concurrency = 0") =>
        "config.toml: instances.acme.concurrency: 0 is out of range; write a whole number from 1 to 256, or \"auto\"";
    a_negative_number: acme("concurrency = -1") =>
        "config.toml: instances.acme.concurrency: -1 is out of range; write a whole number from 1 to 256, or \"auto\"";
    a_number_of_renders_that_is_none: acme("concurrency = 'automatic'") =>
        "config.toml: instances.acme.concurrency: 'automatic' is not a whole number; write a whole number from 1 to 256, or \"auto\"";
    a_number_of_renders_in_quotes: acme("concurrency = '8'") =>
        "config.toml: instances.acme.concurrency: '8' is not a whole number; write a whole number from 1 to 256, or \"auto\"";
    half_a_render: acme("concurrency = 1.5") =>
        "config.toml: instances.acme.concurrency: 1.5 is not a whole number; write a whole number from 1 to 256, or \"auto\"";
    too_many_attempts: acme("attempts = 11") =>
        "config.toml: instances.acme.attempts: 11 is out of range; write a whole number from 1 to 10";
    too_many_requests: acme("requests_per_second = 1001") =>
        "config.toml: instances.acme.requests_per_second: 1001 is out of range; write a number from 0.01 to 1000, or 0 for no limit but the server's own";
    a_rate_in_quotes: acme("requests_per_second = '5'") =>
        "config.toml: instances.acme.requests_per_second: '5' is not a number; write a number from 0.01 to 1000, or 0 for no limit but the server's own";
    a_rate_that_is_no_number: acme("requests_per_second = nan") =>
        "config.toml: instances.acme.requests_per_second: NaN is out of range; write a number from 0.01 to 1000, or 0 for no limit but the server's own";
    a_request_that_takes_too_long: acme("request_timeout = '11m'") =>
        "config.toml: instances.acme.request_timeout: '11m' is out of range; write a time with its unit, like \"90s\" or \"30d\", from 1s to 10m";
    a_sweep_that_takes_no_time: acme("sweep_timeout = '9s'") =>
        "config.toml: instances.acme.sweep_timeout: '9s' is out of range; write a time with its unit, like \"90s\" or \"30d\", from 10s to 1d";
    too_many_confirmations: also("alerts", "confirmations = 11") =>
        "config.toml: alerts.confirmations: 11 is out of range; write a whole number from 0 to 10";
    a_confirmation_that_comes_too_late: also("alerts", "confirm_delay = '2h'") =>
        "config.toml: alerts.confirm_delay: '2h' is out of range; write a time with its unit, like \"90s\" or \"30d\", from 0s to 1h";
    reminders_without_end: also("alerts", "remind_every = '1s'") =>
        "config.toml: alerts.remind_every: '1s' is out of range; write a time with its unit, like \"90s\" or \"30d\", from 1m to 1y, or 0s for never";
    cards_that_are_stale_at_once: also("alerts", "stale_after = '0s'") =>
        "config.toml: alerts.stale_after: '0s' is out of range; write a time with its unit, like \"90s\" or \"30d\", from 1m to 1y";
    one_change_that_flaps: also("alerts", "flap_transitions = 1") =>
        "config.toml: alerts.flap_transitions: 1 is out of range; write a whole number from 2 to 1000";
    no_time_to_flap: also("alerts", "flap_window = '1s'") =>
        "config.toml: alerts.flap_window: '1s' is out of range; write a time with its unit, like \"90s\" or \"30d\", from 1m to 1y";
    blind_before_the_first_sweep: also("alerts", "blind_after = 0") =>
        "config.toml: alerts.blind_after: 0 is out of range; write a whole number from 1 to 1000";
    owners_to_mail_of_no_domain: also("alerts", "notify_owners = true") =>
        "config.toml: alerts.owner_domains: the list is empty, so notify_owners would mail nobody; name the domains whose owners may be mailed, like [\"example.com\"]";
    one_domain_that_is_no_list: also("alerts", "owner_domains = 'example.com'") =>
        "config.toml: alerts.owner_domains: 'example.com' is not a list; name the domains whose owners may be mailed, like [\"example.com\"]";
    an_address_in_the_place_of_a_domain: also("alerts", "owner_domains = ['dana@example.com']") =>
        "config.toml: alerts.owner_domains: 'dana@example.com' is not a domain; write what follows the '@' in their addresses, like \"example.com\"";
    a_pattern_in_the_place_of_a_domain: also("alerts", "owner_domains = ['*.example.com']") =>
        "config.toml: alerts.owner_domains: '*.example.com' is not a domain; write what follows the '@' in their addresses, like \"example.com\"";
    a_domain_without_a_dot: also("alerts", "owner_domains = ['example']") =>
        "config.toml: alerts.owner_domains: 'example' is not a domain; write what follows the '@' in their addresses, like \"example.com\"";
    a_domain_with_a_blank: also("alerts", "owner_domains = ['example.com ']") =>
        "config.toml: alerts.owner_domains: 'example.com ' is not a domain; write what follows the '@' in their addresses, like \"example.com\"";
    a_domain_that_begins_with_a_dot: also("alerts", "owner_domains = ['.example.com']") =>
        "config.toml: alerts.owner_domains: '.example.com' is not a domain; write what follows the '@' in their addresses, like \"example.com\"";
    a_domain_twice: also("alerts", "owner_domains = ['example.com', 'Example.COM']") =>
        "config.toml: alerts.owner_domains: example.com is in it twice; remove one of them";
    no_mails_to_owners_at_all: also("alerts", "max_owner_mails = 0") =>
        "config.toml: alerts.max_owner_mails: 0 is out of range; write a whole number from 1 to 1000";
    too_many_mails_to_owners: also("alerts", "max_owner_mails = 1001") =>
        "config.toml: alerts.max_owner_mails: 1001 is out of range; write a whole number from 1 to 1000";
    too_many_series: also("metrics", "max_broken_card_series = 100001") =>
        "config.toml: metrics.max_broken_card_series: 100001 is out of range; write a whole number from 0 to 100000";
    results_that_are_not_kept: also("storage", "keep_results = '59m'") =>
        "config.toml: storage.keep_results: '59m' is out of range; write a time with its unit, like \"90s\" or \"30d\", from 1h to 100y";
    transitions_that_are_not_kept: also("storage", "keep_transitions = '23h'") =>
        "config.toml: storage.keep_transitions: '23h' is out of range; write a time with its unit, like \"90s\" or \"30d\", from 1d to 100y";
    a_database_without_a_name: also("storage", "path = ''") =>
        "config.toml: storage.path: the path is empty; name the database file, or leave the key out";

    an_address_to_listen_on_that_is_none: also("http", "listen = 'localhost'") =>
        "config.toml: http.listen: 'localhost' is not an address to listen on; write IP:PORT, like \"127.0.0.1:9917\" or \"[::]:9917\"";
    an_address_that_everybody_reaches_without_a_login: also("http", "listen = '0.0.0.0:9917'") =>
        "config.toml: http.listen: 0.0.0.0:9917 lets everybody in the network read, without a login; set http.basic_auth, listen on 127.0.0.1, or allow it with public_without_auth = true";
    every_address_of_both_families_without_a_login: also("http", "listen = '[::]:80'") =>
        "config.toml: http.listen: [::]:80 lets everybody in the network read, without a login; set http.basic_auth, listen on 127.0.0.1, or allow it with public_without_auth = true";
    an_address_in_the_network_without_a_login: also("http", "listen = '192.0.2.1:9917'\npublic_without_auth = false") =>
        "config.toml: http.listen: 192.0.2.1:9917 lets everybody in the network read, without a login; set http.basic_auth, listen on 127.0.0.1, or allow it with public_without_auth = true";
    a_word_for_whether_everybody_may_read: also("http", "public_without_auth = 'yes'") =>
        "config.toml: http.public_without_auth: 'yes' is neither true nor false; write true or false";
    a_login_to_read_that_is_no_table: also("http", "basic_auth = 'admin'") =>
        "config.toml: http.basic_auth: a text is not a table; write a table, like [http.basic_auth]";
    a_login_to_read_without_a_user: also("http", "basic_auth = {}") =>
        "config.toml: http.basic_auth: names no user; give it a username and a password, or leave it out";
    half_a_login_to_read: also("http", "basic_auth = { username = 'admin' }") =>
        "config.toml: http.basic_auth.username: there is no password for this user; add the password";
    a_user_who_may_read_with_a_colon: also("http", "basic_auth = { username = 'a:b', password = 'x' }") =>
        "config.toml: http.basic_auth: the user name has a colon in it; choose one without";

    a_mail_server_without_a_scheme: email("smtp = 'localhost:25'") =>
        "config.toml: email.smtp: 'localhost:25' begins with neither smtp:// nor smtps://; write \"smtp://HOST:PORT\", \"smtp://HOST:PORT?tls=required\" or \"smtps://HOST:PORT\"";
    a_mail_server_by_its_name_alone: email("smtp = 'localhost'") =>
        "config.toml: email.smtp: 'localhost' begins with neither smtp:// nor smtps://; write \"smtp://HOST:PORT\", \"smtp://HOST:PORT?tls=required\" or \"smtps://HOST:PORT\"";
    a_mail_server_without_a_host: email("smtp = 'smtp://'") =>
        "config.toml: email.smtp: 'smtp://' names no host; write \"smtp://HOST:PORT\", \"smtp://HOST:PORT?tls=required\" or \"smtps://HOST:PORT\"";
    a_mail_server_whose_name_is_none: email("smtp = 'smtp://mail%20server'") =>
        "config.toml: email.smtp: 'smtp://mail%20server' names no host; write \"smtp://HOST:PORT\", \"smtp://HOST:PORT?tls=required\" or \"smtps://HOST:PORT\"";
    a_mail_server_at_no_port: email("smtp = 'smtp://localhost:0'") =>
        "config.toml: email.smtp: 'smtp://localhost:0' has the port 0; write \"smtp://HOST:PORT\", \"smtp://HOST:PORT?tls=required\" or \"smtps://HOST:PORT\"";
    a_mail_server_with_a_port_beyond_all: email("smtp = 'smtp://localhost:65536'") =>
        "config.toml: email.smtp: the address has no valid port; write \"smtp://HOST:PORT\", \"smtp://HOST:PORT?tls=required\" or \"smtps://HOST:PORT\"";
    a_mail_server_with_a_path: email("smtp = 'smtp://localhost/x'") =>
        "config.toml: email.smtp: 'smtp://localhost/x' has a path or a fragment; write \"smtp://HOST:PORT\", \"smtp://HOST:PORT?tls=required\" or \"smtps://HOST:PORT\"";
    an_unknown_way_to_protect_mail: email("smtp = 'smtp://localhost?tls=perhaps'") =>
        "config.toml: email.smtp: 'smtp://localhost' has a query other than ?tls=required; write \"smtp://HOST:PORT\", \"smtp://HOST:PORT?tls=required\" or \"smtps://HOST:PORT\"";
    protecting_mail_twice: email("smtp = 'smtps://localhost?tls=required'") =>
        "config.toml: email.smtp: 'smtps://localhost' needs no ?tls=, for smtps:// is TLS from the first byte; write \"smtp://HOST:PORT\", \"smtp://HOST:PORT?tls=required\" or \"smtps://HOST:PORT\"";
    a_mail_server_with_a_login: email("smtp = 'smtp://a:b@localhost'") =>
        "config.toml: email.smtp: the address holds a login, which has keys of its own; write \"smtp://HOST:PORT\", \"smtp://HOST:PORT?tls=required\" or \"smtps://HOST:PORT\"";
    half_a_login_for_mail: email("username = 'a@example.com'") =>
        "config.toml: email.username: there is no password for this user; add the password";
    a_certificate_file_that_is_missing: email("ca_file = 'ca.pem'") =>
        "config.toml: email.ca_file: cannot read 'ca.pem': No such file or directory; name a file of certificates in PEM, or remove the key";
    a_certificate_file_without_certificates: email("ca_file = 'config.toml'") =>
        "config.toml: email.ca_file: 'config.toml' holds no certificate; name a file of certificates in PEM, or remove the key";
    a_sender_who_is_none: email("from = 'cardwatch'") =>
        "config.toml: email.from: 'cardwatch' is not a mail address; write \"name@example.com\" or \"Name <name@example.com>\"";
    nobody_to_mail: email("to = []") =>
        "config.toml: email.to: the list is empty; write a list of at least one mail address, like [\"bi-admins@example.com\"]";
    a_recipient_who_is_none: email("to = ['admins@example.com', 'admins']") =>
        "config.toml: email.to: 'admins' is not a mail address; write \"name@example.com\" or \"Name <name@example.com>\"";
    a_recipient_twice: email("to = ['a@example.com', 'Anna <A@example.com>']") =>
        "config.toml: email.to: 'A@example.com' is in it twice; remove one of them";
    nobody_to_mail_about_an_instance: acme("to = []") =>
        "config.toml: instances.acme.to: the list is empty; write a list of at least one mail address, like [\"bi-admins@example.com\"]";
    a_status_page_on_another_scheme: email("link_base = 'ftp://example.com'") =>
        "config.toml: email.link_base: 'ftp://example.com' begins with neither https:// nor http://; write the address at which people reach the status page, like \"https://cardwatch.example.com\"";
}

#[test]
fn a_file_that_is_not_utf_8_is_told_so() {
    let house = House::empty().file("config.toml", b"# caf\xe9\n");
    assert_eq!(house.mistakes(), "config.toml: it is not UTF-8; save it as UTF-8");
}

#[test]
fn what_is_missing_in_an_empty_file_is_not_laid_at_the_door_of_a_variable() {
    let house = House::with("").variable("CARDWATCH_STORAGE__PATH", "x");
    assert!(house.mistakes().starts_with("config.toml: instances: there is no instance to monitor; "));
}

#[test]
fn a_certificate_that_cannot_be_read_is_a_mistake() {
    let tls = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls");
    let good = std::fs::read_to_string(tls.join("ca.pem")).unwrap();
    let rubbish = "-----BEGIN CERTIFICATE-----\ncnViYmlzaA==\n-----END CERTIFICATE-----\n";
    assert!(House::with(&email("ca_file = 'ca.pem'")).file("ca.pem", &good).load().is_ok());
    for bad in [rubbish.to_owned(), good.clone() + rubbish, "-----BEGIN CERTIFICATE-----\n!\n".to_owned()] {
        assert_eq!(
            House::with(&email("ca_file = 'ca.pem'")).file("ca.pem", bad).mistakes(),
            "config.toml: email.ca_file: 'ca.pem' holds a certificate that cannot be read; name a file of \
             certificates in PEM, or remove the key"
        );
    }
}

#[test]
fn an_empty_mail_section_lacks_all_that_mail_needs() {
    let told = House::with(&also("email", "")).mistakes();
    let keys: Vec<&str> = told.lines().map(|line| line.split(": ").nth(1).unwrap()).collect();
    assert_eq!(keys, ["email.smtp", "email.from", "email.to"]);
}

#[test]
fn all_mistakes_of_all_sources_are_told_at_once() {
    let house = House::with(&acme("url = 'acme'\nschedule = 'often'\ntimezone = 'here'\ncolour = 'red'"))
        .variable("CARDWATCH_ALERTS__BLIND_AFTER", "never")
        .flag("metrics.max_broken_card_series", "-1");
    let told = house.mistakes();
    let places: Vec<String> =
        told.lines().map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(": ")).collect();

    assert_eq!(
        places,
        [
            "CARDWATCH_ALERTS__BLIND_AFTER: alerts.blind_after",
            "command line: metrics.max_broken_card_series",
            "config.toml: instances.acme.url",
            "config.toml: instances.acme.timezone",
            "config.toml: instances.acme.schedule",
            "config.toml: instances.acme.colour",
        ]
    );
}

#[test]
fn a_value_cannot_steer_the_terminal_that_shows_its_mistake() {
    let told = House::with(&acme("schedule = \"\\u001b[2J\\n\"\n\"k\\u0007\" = 1")).mistakes();
    assert!(!told.replace('\n', "").contains(char::is_control), "{told:?}");
    assert_eq!(told.lines().count(), 2, "{told}");
}

#[test]
fn a_long_value_is_cut_where_it_is_repeated() {
    let told = House::with(&acme(&format!("timezone = '{}'", "x".repeat(1_000)))).mistakes();
    assert!(told.contains(&format!("'{}…' is not", "x".repeat(80))), "{told}");
}
