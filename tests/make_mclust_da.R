# Discriminant analysis by R's mclust: log-likelihoods, numbers of parameters and posteriors.
#
#   Rscript tests/make_mclust_da.R tests/data/mclust_da.json
#
# On Debian: apt-get install r-base-core r-cran-mclust r-cran-jsonlite.
suppressPackageStartupMessages({library(mclust); library(jsonlite)})
data(banknote)
data <- list(
  banknote = list(X = as.matrix(banknote[, -1]), y = banknote$Status),
  iris = list(X = as.matrix(iris[, 1:4]), y = iris$Species)
)

found <- function(fit, set) list(
  models = sapply(fit$models, function(m) m$modelName),
  n_components = sapply(fit$models, function(m) m$G),
  log_likelihood = fit$loglik, n_parameters = fit$df, bic = -fit$bic,
  errors = sum(predict(fit)$classification != set$y),
  posterior = predict(fit)$z[seq(1, nrow(set$X), by = 7), ]
)

# An M step of EVE and VVE is a search: mclust's own tolerance ends it early.
control <- emControl(tol = c(1e-5, 1e-15), itmax = c(1e6, 1e6))
result <- list(source = paste("R mclust", packageVersion("mclust"), "MclustDA()"))
for (name in names(data)) {
  set <- data[[name]]
  edda <- function(model, ...) found(
    MclustDA(set$X, set$y, modelType = "EDDA", modelNames = model, verbose = FALSE, ...), set)
  models <- mclust.options("emModelNames")
  result[[name]] <- list(
    EDDA = lapply(setNames(models, models), edda, control = control),
    chosen = edda(models),
    MclustDA = found(MclustDA(set$X, set$y, verbose = FALSE), set)
  )
}
write(toJSON(result, digits = I(12), auto_unbox = TRUE), commandArgs(trailingOnly = TRUE)[1])
