# One M step of R's mclust for each of the fourteen models, from given responsibilities.
#
#   Rscript tests/make_mclust_reference.R numpy_ml_gmm/data tests/data/mclust_m_steps.json
#
# On Debian: apt-get install r-base-core r-cran-mclust r-cran-jsonlite.
suppressPackageStartupMessages({library(mclust); library(jsonlite)})

arguments <- commandArgs(trailingOnly = TRUE)
data <- list(
  old_faithful = as.matrix(read.csv(file.path(arguments[1], "old_faithful.csv"))),
  iris = as.matrix(read.csv(file.path(arguments[1], "iris.csv")))
)
labels <- list(
  old_faithful = 1 + (data$old_faithful[, 1] > 3),
  iris = rep(1:3, each = 50)
)
control <- emControl(tol = c(1e-15, 1e-15), itmax = c(100000, 100000))

m_step <- function(model, points, z) {
  fit <- mstep(points, modelName = model, z = z, control = control)
  fit <- estep(points, modelName = model, parameters = fit$parameters)
  list(
    sigma = aperm(fit$parameters$variance$sigma, c(3, 1, 2)),
    log_likelihood = fit$loglik,
    n_parameters = nVarParams(model, d = ncol(points), G = ncol(z))
  )
}

models <- mclust.options("emModelNames")
result <- list(source = paste("R mclust", packageVersion("mclust"), "mstep() and estep()"))
for (name in names(data)) {
  K <- max(labels[[name]])
  z <- 0.1 / K + 0.9 * outer(labels[[name]], 1:K, "==")
  steps <- lapply(models, m_step, points = data[[name]], z = z)
  result[[name]] <- list(labels = labels[[name]], models = setNames(steps, models))
}
write(toJSON(result, digits = I(16), auto_unbox = TRUE), arguments[2])
