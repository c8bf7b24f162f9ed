# What R's mclust says of mixtures: distribution functions, quantiles, levels, Brier scores,
# jackknife, weighted likelihood, directions that separate.
#
#   Rscript tests/make_mclust_verbs.R numpy_ml_gmm/data tests/data/mclust_verbs.json
#
# On Debian: apt-get install r-base-core r-cran-mclust r-cran-jsonlite.
suppressPackageStartupMessages({library(mclust); library(jsonlite)})

arguments <- commandArgs(trailingOnly = TRUE)
table_of <- function(name) {
  as.matrix(read.csv(file.path(arguments[1], paste0(name, ".csv"))))
}
faithful_points <- table_of("old_faithful")
iris_points <- table_of("iris")[, 1:4]

line <- function(model, K) {
  x <- faithful_points[, 2]
  fit <- densityMclust(x, G = K, modelNames = model, verbose = FALSE, plot = FALSE)
  at <- seq(30, 110, by = 5)
  p <- c(0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
  list(
    model = paste0(model, K), weights = fit$parameters$pro, means = fit$parameters$mean,
    variances = rep(fit$parameters$variance$sigmasq, length.out = K),
    x = at, cdf = cdfMclust(fit, at)$y, p = p, quantile = quantileMclust(fit, p)
  )
}

levels_of <- function(K) {
  fit <- densityMclust(faithful_points, G = K, modelNames = "VVV", verbose = FALSE, plot = FALSE)
  mass <- c(0.5, 0.9, 0.95)
  list(
    weights = fit$parameters$pro, means = t(fit$parameters$mean),
    covariances = aperm(fit$parameters$variance$sigma, c(3, 1, 2)),
    mass = mass, levels = unname(hdrlevels(fit$density, mass))
  )
}

directions <- function(points, name, model, K, lambda) {
  fit <- Mclust(points, G = K, modelNames = model, verbose = FALSE)
  found <- MclustDR(fit, lambda = lambda)
  list(
    data = name, lambda = lambda, model = model,
    weights = fit$parameters$pro, means = t(fit$parameters$mean),
    covariances = aperm(fit$parameters$variance$sigma, c(3, 1, 2)),
    directions = t(found$basis), eigenvalues = found$evalues[seq_len(found$numdir)]
  )
}

# Climbs that stand still, so that replicates do not depend on where EM stopped.
control <- emControl(tol = c(1e-13, 1e-13), itmax = c(20000, 20000))
jackknife <- function(model, K) {
  some <- faithful_points[1:80, ]
  fit <- Mclust(some, G = K, modelNames = model, verbose = FALSE, control = control)
  fit$control <- control  # which MclustBootstrap hands on to me()
  found <- summary(MclustBootstrap(fit, type = "jk", verbose = FALSE), what = "se")
  list(
    model = model, weights = fit$parameters$pro, means = t(fit$parameters$mean),
    covariances = aperm(fit$parameters$variance$sigma, c(3, 1, 2)),
    errors = list(
      weights = found$pro, means = t(found$mean), covariances = aperm(found$variance, c(3, 1, 2))
    )
  )
}

z <- Mclust(iris_points, G = 3, modelNames = "VEV", verbose = FALSE)$z
class <- rep(1:3, each = 50)

write(toJSON(list(
  source = paste("R mclust", packageVersion("mclust")),
  lines = list(line("V", 2), line("E", 3), line("V", 1)),
  levels = levels_of(3),
  directions = list(
    directions(iris_points, "iris", "VVV", 3, 1), directions(iris_points, "iris", "VVV", 3, 0.5),
    directions(iris_points, "iris", "VVV", 3, 0), directions(iris_points, "iris", "EEE", 3, 1),
    directions(faithful_points, "old_faithful", "VVV", 3, 0.5)
  ),
  jackknife = list(jackknife("VVV", 2), jackknife("EEE", 2)),
  brier = list(z = z, class = class, score = BrierScore(z, class))
), digits = I(16), auto_unbox = TRUE), arguments[2])
