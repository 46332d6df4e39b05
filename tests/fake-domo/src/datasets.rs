//! The handle's part for what lies behind the cards: datasets, owners' addresses, single calls that fail. Owns no
//! state; it is in [`crate::state`].

use std::time::Duration;

use crate::{Dataset, DatasetInfo, Domo, RunOrder, RunTimes, Trouble, server};

/// What feeds the cards. Times are in milliseconds since 1970. Each method that names a dataset panics where there is
/// none of that id: the test is wrong.
impl Domo {
    /// Adds a dataset with these columns, filled by a stream and up to date.
    pub fn add_dataset(&self, id: &str, name: &str, columns: &[&str]) {
        self.shared.world().instance.add_dataset(Dataset::new(id, name), columns);
    }

    /// Whether there is such a dataset, deleted or not.
    pub fn has_dataset(&self, id: &str) -> bool {
        self.shared.world().instance.datasets.contains_key(id)
    }

    /// All datasets, by id.
    pub fn datasets(&self) -> Vec<DatasetInfo> {
        self.shared.world().instance.dataset_infos()
    }

    /// Feeds these cards from a dataset, besides what feeds them already. An id without a card is ignored.
    pub fn feed(&self, dataset: &str, cards: &[i64]) {
        let mut world = self.shared.world();
        let id = world.instance.dataset(dataset).dataset.id.clone();
        for card in cards {
            if let Some(card) = world.instance.cards.get_mut(card)
                && !card.datasets.contains(&id)
            {
                card.datasets.push(id.clone());
            }
        }
    }

    /// Says which columns a card uses; without it, it is one of each dataset, by the card's id.
    pub fn use_columns(&self, card: i64, columns: &[&str]) {
        if let Some(card) = self.shared.world().instance.cards.get_mut(&card) {
            card.columns = Some(columns.iter().map(|&column| column.to_owned()).collect());
        }
    }

    /// Drops a column: each card that uses it answers 400, until it is restored. Gives the cards that use it.
    ///
    /// # Panics
    /// When the dataset never had such a column.
    pub fn drop_column(&self, dataset: &str, column: &str) -> Vec<i64> {
        let mut world = self.shared.world();
        let source = world.instance.dataset(dataset);
        assert!(source.columns.iter().any(|known| known == column), "dataset {dataset} has no column {column}");
        source.dropped.insert(column.to_owned());
        let instance = &world.instance;
        let uses = |id: &i64| instance.columns_of(*id, &instance.cards[id]).iter().any(|used| used == column);
        instance.fed_by(dataset).into_iter().filter(uses).collect()
    }

    /// Brings a dropped column back.
    pub fn restore_column(&self, dataset: &str, column: &str) {
        self.shared.world().instance.dataset(dataset).dropped.remove(column);
    }

    /// Deletes a dataset: its cards answer 400 and the dataset itself 404, until it is restored. Gives its cards.
    pub fn delete_dataset(&self, dataset: &str) -> Vec<i64> {
        let mut world = self.shared.world();
        world.instance.dataset(dataset).deleted = true;
        world.instance.fed_by(dataset)
    }

    /// Brings a deleted dataset back.
    pub fn restore_dataset(&self, dataset: &str) {
        self.shared.world().instance.dataset(dataset).deleted = false;
    }

    /// A run of the dataset ends at `when` with this message, and its state is `ERROR`. The data stays as it is.
    pub fn fail_run(&self, dataset: &str, message: &str, when: i64) {
        self.shared.world().instance.dataset(dataset).fail(message, when);
    }

    /// A run of the dataset ends well at `when`: its state is `SUCCESS` and its data of then.
    pub fn succeed_run(&self, dataset: &str, when: i64) {
        self.shared.world().instance.dataset(dataset).succeed(when);
    }

    /// A run of the dataset begins at `when` and does not end.
    pub fn begin_run(&self, dataset: &str, when: i64) {
        self.shared.world().instance.dataset(dataset).begin(when);
    }

    /// Sets the state of a dataset and when it was last updated, without a run.
    pub fn set_dataset(&self, dataset: &str, state: &str, last_updated: i64) {
        let mut world = self.shared.world();
        let source = world.instance.dataset(dataset);
        state.clone_into(&mut source.state);
        source.last_updated = last_updated;
    }

    /// Sets the stream that fills a dataset; none for one that a dataflow fills.
    pub fn set_stream(&self, dataset: &str, stream: Option<i64>) {
        self.shared.world().instance.dataset(dataset).stream = stream;
    }

    /// In which order runs are listed, and how their times are written.
    pub fn set_runs(&self, order: RunOrder, times: RunTimes) {
        let mut world = self.shared.world();
        world.run_order = order;
        world.run_times = times;
    }
}

/// Slow cards, people, and calls that fail.
impl Domo {
    /// How much longer a card's render takes than that of others, whatever comes of it.
    pub fn set_card_latency(&self, card: i64, latency: Duration) {
        if let Some(card) = self.shared.world().instance.cards.get_mut(&card) {
            card.latency = latency;
        }
    }

    /// Adds a user; owners are users without it.
    pub fn add_user(&self, id: i64, name: &str, email: Option<&str>) {
        self.shared.world().instance.add_person(id, name, email);
    }

    /// Sets the mail address of a user; none = Domo gives no address. By default it is the first name at example.com.
    pub fn set_email(&self, user: i64, email: Option<&str>) {
        self.shared.world().instance.set_email(user, email);
    }

    /// How many beast modes are counted as invalid.
    pub fn set_invalid_functions(&self, count: u64) {
        self.shared.world().instance.invalid_functions = count;
    }

    /// What is wrong with every call of one endpoint; none = nothing. For the names see [`crate::Call::endpoint`].
    ///
    /// # Panics
    /// When no endpoint has this name.
    pub fn set_trouble(&self, endpoint: &str, trouble: Option<Trouble>) {
        let name = server::endpoint_name(endpoint).unwrap_or_else(|| panic!("the fake has no endpoint {endpoint}"));
        let troubles = &mut self.shared.world().troubles;
        match trouble {
            Some(trouble) => troubles.insert(name, trouble),
            None => troubles.remove(name),
        };
    }
}
