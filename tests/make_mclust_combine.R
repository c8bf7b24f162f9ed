# Mixtures of R's mclust, and how its clustCombi combines their components.
#
#   Rscript tests/make_mclust_combine.R numpy_ml_gmm/data tests/data/mclust_combine.json
#
# On Debian: apt-get install r-base-core r-cran-mclust r-cran-jsonlite.
suppressPackageStartupMessages({library(mclust); library(jsonlite)})

arguments <- commandArgs(trailingOnly = TRUE)
combined <- function(name, K, model) {
  points <- as.matrix(read.csv(file.path(arguments[1], paste0(name, ".csv"))))
  fit <- Mclust(points, G = K, modelNames = model, verbose = FALSE)
  # Mclust's own z are one M step behind its parameters.
  fit$z <- estep(points, fit$modelName, fit$parameters)$z
  found <- clustCombi(fit)
  clusters <- lapply(1:K, function(G) {  # of each component, where G are left
    together <- diag(K)
    for (step in rev(seq_len(K - 1))) if (step >= G) together <- found$combiM[[step]] %*% together
    apply(together, 2, which.max)
  })
  list(
    data = name,
    weights = fit$parameters$pro,
    means = t(fit$parameters$mean),
    covariances = aperm(fit$parameters$variance$sigma, c(3, 1, 2)),
    clusters = clusters,
    sizes = lapply(1:K, function(G) tabulate(found$classification[[G]], G)),
    entropies = sapply(found$combiz, function(z) -sum(ifelse(z > 0, z * log(z), 0))),
    n_clusters = clustCombiOptim(found)$numClusters.combi
  )
}

fits <- list(
  combined("old_faithful", 2, "VVV"), combined("old_faithful", 4, "VVV"),
  combined("old_faithful", 6, "EEE"), combined("iris", 5, "VEV"), combined("iris", 6, "VVI")
)
source <- paste("R mclust", packageVersion("mclust"), "Mclust(), clustCombi(), clustCombiOptim()")
write(toJSON(list(source = source, fits = fits), digits = I(16), auto_unbox = TRUE), arguments[2])
