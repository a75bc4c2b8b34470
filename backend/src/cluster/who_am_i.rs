//! Asks the API server whom it takes the identity for.

use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::Api;

use super::{Cluster, ClusterError, answer};
use crate::session::User;

impl Cluster {
    /// Who calls, as the API server knows them (KEP-3325).
    ///
    /// # Errors
    ///
    /// If the API server does not know them (401), fails, or is silent for 10 s.
    pub async fn who_am_i(&self) -> Result<User, ClusterError> {
        let reviews: Api<SelfSubjectReview> = Api::all(self.client.clone());
        let review = SelfSubjectReview::default();
        let answered = answer(reviews.create(&Default::default(), &review)).await?;
        let info = answered.status.and_then(|status| status.user_info);
        let info = info.unwrap_or_default();
        Ok(User {
            name: info.username.unwrap_or_default(),
            groups: info.groups.unwrap_or_default(),
            issuer: None,
        })
    }
}
